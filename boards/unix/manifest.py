include("../../modules/manifest.py")
module("_boot.py")
