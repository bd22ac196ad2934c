"""Types of components, modules and instances: each text here is what wasm-tools says it is."""

import pytest
from component_tests import ends
from made import needs_tool, refusal
from wasmote.component.imagine import validate
from wasmote.wasm import Source
from wat import assemble

RESOURCE = '(import "r" (type $r (sub resource)))'
NESTED = """(type $inner (instance (export "r" (type (sub resource)))))
  (type $outer (instance (alias outer 1 $inner (type $t)) (export "a" (instance (type $t)))))"""
VALID = {
    "a module that a component type imports": '(type (component (import "x" (core module))))',
    "a module that a component type exports": '(type (component (export "x" (core module))))',
    "a module of an instance that a component type imports": """
      (type (component (import "i" (instance (export "m" (core module))))))""",
    "a module of an instance type of the component around": f"""{RESOURCE}
      (type $i (instance (export "m" (core module)))) (component (alias outer 1 $i (type)))""",
    "an instance type whose instances bring in resources, of the component around": f"""
      {NESTED} (component (alias outer 1 $outer (type)))""",
    "a type that refers to a resource of the instance type around it": """
      (type $i (instance (export "r" (type $r (sub resource)))
        (type $j (instance (alias outer 1 $r (type $r)) (export "f" (func (param "x" (own $r))))))
        (export "j" (instance (type $j)))))
      (component (alias outer 1 $i (type)))""",
    "a component type that imports and borrows a resource, of the component around": f"""{RESOURCE}
      (type $c (component (import "r" (type $r (sub resource))) (export "f" (func (param "x" (borrow $r))))))
      (component (alias outer 1 $c (type)))""",
}
INVALID = {
    "a function type of the component around that owns a resource": f"""{RESOURCE}
      (type $f (func (param "x" (list (own $r))))) (component (alias outer 1 $f (type)))""",
    "an instance type of the component around that refers to a resource": f"""{RESOURCE}
      (type $i (instance (alias outer 1 $r (type $r)) (export "f" (func (param "x" (own $r))))))
      (component (alias outer 1 $i (type)))""",
    "a component type of the component around that refers to a resource": f"""{RESOURCE}
      (type $c (component (alias outer 1 $r (type $r)) (export "f" (func (param "x" (own $r))))))
      (component (alias outer 1 $c (type)))""",
    "a function that borrows in a list that it returns": f"""{RESOURCE}
      (type (func (param "x" (borrow $r)) (result (list (borrow $r)))))""",
    "the resources of two instances of one type, one for the other": f"""{NESTED}
      (import "x" (instance $x (type $outer))) (import "y" (instance $y (type $outer)))
      (alias export $x "a" (instance $xa)) (alias export $xa "r" (type $xr))
      (alias export $y "a" (instance $ya)) (alias export $ya "r" (type $yr))
      (import "f" (func $f (param "x" (own $xr))))
      (component $c (import "r" (type $r (sub resource))) (import "f" (func (param "x" (own $r)))))
      (instance (instantiate $c (with "r" (type $yr)) (with "f" (func $f))))""",
}


@needs_tool
@pytest.mark.parametrize("name", VALID)
def test_is_valid(name):
    binary = assemble(f"(component {VALID[name]})")
    assert not refusal(binary)
    assert ends(validate(Source(binary))) == "accepted"


@needs_tool
@pytest.mark.parametrize("name", INVALID)
def test_is_invalid(name):
    binary = assemble(f"(component {INVALID[name]})")
    assert refusal(binary)
    assert ends(validate(Source(binary)))[:9] == "Invalid: "
