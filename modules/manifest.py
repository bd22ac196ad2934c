# Frozen on every board: the wasmote package and the main that serves it.
package("wasmote")
module("main.py")
