"""@local_cuda: the CUDA toolkit where there is one, empty libraries elsewhere,
so that nothing fails without it."""

_ABSENT = """
package(default_visibility = ["//visibility:public"])

[cc_library(name = name) for name in ["headers", "cudart", "cudnn", "nccl"]]

filegroup(name = "version")
"""

_PRESENT = """
package(default_visibility = ["//visibility:public"])

# An input of each compilation: a new toolkit compiles anew.
filegroup(
    name = "version",
    srcs = ["nvcc_version.txt"],
)

cc_library(
    name = "headers",
    hdrs = glob(["include/**"]),
    includes = ["include"],
)

cc_library(
    # Shared: the thread-local variables of the static one are too many for a
    # library that Python loads.
    name = "cudart",
    linkopts = ["-L{lib}", "-Wl,-rpath,{lib}", "-lcudart"],
    deps = [":headers"],
)

cc_library(
    name = "cudnn",
    linkopts = ["-L{lib}", "-Wl,-rpath,{lib}", "-lcudnn"],
    deps = [":headers"],
)

cc_library(
    name = "nccl",
    linkopts = ["-L{lib}", "-Wl,-rpath,{lib}", "-lnccl"],
    deps = [":headers"],
)
"""

def _local_cuda_repository_impl(ctx):
    home = ctx.os.environ.get("CUDA_HOME", "/usr/local/cuda")
    lib = home + "/lib64"
    if not ctx.path(lib + "/libcudart.so").exists:
        ctx.file("BUILD.bazel", _ABSENT)
        ctx.file("cuda.bzl", "CUDA_HOME = None\n")
        return
    ctx.symlink(home + "/include", "include")
    ctx.file("nvcc_version.txt", ctx.execute([home + "/bin/nvcc", "--version"]).stdout)
    ctx.file("BUILD.bazel", _PRESENT.format(lib = lib))
    ctx.file("cuda.bzl", "CUDA_HOME = {}\n".format(repr(home)))

local_cuda_repository = repository_rule(
    implementation = _local_cuda_repository_impl,
    environ = ["CUDA_HOME"],
    local = True,
)
