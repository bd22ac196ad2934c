include("../../modules/manifest.py")
module("_boot.py", base_path="modules")
