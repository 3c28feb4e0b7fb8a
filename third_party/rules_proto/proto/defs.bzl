"""The rules of @rules_proto that this project uses, from Bazel 4.2's own."""

proto_lang_toolchain = native.proto_lang_toolchain
proto_library = native.proto_library
