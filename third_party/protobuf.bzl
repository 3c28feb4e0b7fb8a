"""@com_google_protobuf over the system's protoc and libprotobuf."""

_WELL_KNOWN = [
    "any",
    "api",
    "descriptor",
    "duration",
    "empty",
    "field_mask",
    "source_context",
    "struct",
    "timestamp",
    "type",
    "wrappers",
]

_BUILD = """
load("@rules_proto//proto:defs.bzl", "proto_lang_toolchain", "proto_library")

package(default_visibility = ["//visibility:public"])

exports_files(["protoc"])

cc_library(
    name = "protobuf",
    linkopts = ["-lprotobuf", "-lpthread"],
)

# The listed ones are compiled into libprotobuf already.
proto_lang_toolchain(
    name = "cc_toolchain",
    blacklisted_protos = [{protos}],
    command_line = "--cpp_out=$(OUT)",
    runtime = ":protobuf",
)
"""

_PROTO = """
proto_library(
    name = "{name}_proto",
    srcs = ["google/protobuf/{name}.proto"],
)
"""

def _protobuf_repository_impl(ctx):
    protoc = ctx.which("protoc")
    if not protoc:
        fail("protoc is missing: run ./bootstrap")
    ctx.symlink(protoc, "protoc")
    build = _BUILD.format(protos = ", ".join([repr(n + "_proto") for n in _WELL_KNOWN]))
    for name in _WELL_KNOWN:
        path = "google/protobuf/{}.proto".format(name)
        ctx.symlink("/usr/include/" + path, path)
        build += _PROTO.format(name = name)
    ctx.file("BUILD.bazel", build)

protobuf_repository = repository_rule(
    implementation = _protobuf_repository_impl,
    local = True,
)
