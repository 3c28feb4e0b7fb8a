"""fcis_device_library: a cc_library that launches kernels on a GPU where there
are GPUs. Under --config=cuda nvcc compiles its sources, else the host's
compiler. What is part of builds with --config=cuda only is chosen with the one
select() here:

    deps = [":ref"] + if_cuda([":cuda"]),
    local_defines = if_cuda(["FCIS_CUDA=1"]),
"""

load("@local_cuda//:cuda.bzl", "CUDA_HOME")
load("@rules_cc//cc:defs.bzl", "cc_library")

def if_cuda(yes, no = []):
    """`yes` under --config=cuda, `no` otherwise."""
    return select({
        "//third_party/cuda:enabled": yes,
        "//conditions:default": no,
    })

# Turing, Ampere, Ada, Hopper and Blackwell. The newest also as PTX, for what
# comes later. Fewer compile faster:
#     bazel build --config=cuda --define=cuda_architectures=90 ...
_ARCHITECTURES = "75,80,86,89,90,100"

# FMA contraction is off as in all our code: what CPU and GPU share must agree.
_NVCC_FLAGS = [
    "-c",
    "-x",
    "cu",
    "-std=c++17",
    "-O3",
    "--fmad=false",
    "-ccbin",
    "/usr/bin/g++",
    "-Xcompiler",
    "-fPIC,-Wall,-Werror,-ffp-contract=off",
    "-Werror",
    "all-warnings",
]

def _architecture_flags(names):
    flags = [
        "-gencode=arch=compute_{0},code=sm_{0}".format(name)
        for name in names
    ]
    return flags + ["-gencode=arch=compute_{0},code=compute_{0}".format(names[-1])]

def _cuda_objects_impl(ctx):
    if CUDA_HOME == None:
        fail("--config=cuda, but there is no CUDA toolkit in /usr/local/cuda: " +
             "install it or set CUDA_HOME")
    cc = cc_common.merge_cc_infos(
        cc_infos = [dep[CcInfo] for dep in ctx.attr.deps],
    ).compilation_context
    architectures = ctx.var.get("cuda_architectures", _ARCHITECTURES)
    flags = _NVCC_FLAGS + _architecture_flags(architectures.split(","))

    # scripts/gpu_kernels reads them.
    if ctx.var.get("cuda_resource_usage") == "1":
        flags.append("-Xptxas=-v")

    # What the host's compiler gets: -fsanitize and the like.
    for option in ctx.fragments.cpp.copts:
        flags += ["-Xcompiler", option]
    for d in [".", ctx.bin_dir.path] + cc.includes.to_list() + cc.quote_includes.to_list():
        flags.append("-I" + d)
    for d in cc.system_includes.to_list():
        flags += ["-isystem", d]
    for d in cc.defines.to_list():
        flags.append("-D" + d)
    objects = []
    for src in ctx.files.srcs:
        out = ctx.actions.declare_file("_objs/{}/{}.o".format(ctx.label.name, src.basename))
        objects.append(out)
        ctx.actions.run(
            executable = CUDA_HOME + "/bin/nvcc",
            arguments = flags + [src.path, "-o", out.path],
            env = {"PATH": "/usr/bin:/bin"},
            inputs = depset(
                ctx.files.srcs + ctx.files.hdrs + ctx.files._toolkit,
                transitive = [cc.headers],
            ),
            outputs = [out],
            mnemonic = "CudaCompile",
        )
    return [DefaultInfo(files = depset(objects))]

_cuda_objects = rule(
    implementation = _cuda_objects_impl,
    fragments = ["cpp"],
    attrs = {
        "deps": attr.label_list(providers = [CcInfo]),
        "hdrs": attr.label_list(allow_files = [".h"]),
        "srcs": attr.label_list(allow_files = [".cc"]),
        "_toolkit": attr.label(default = "@local_cuda//:version"),
    },
)

def fcis_device_library(name, srcs, hdrs, deps, **kwargs):
    """A cc_library whose sources nvcc compiles under --config=cuda.

    Args:
      name: of the library.
      srcs: .cc files, each compiled on its own.
      hdrs: plain C++, but for what only nvcc reads.
      deps: cc_library targets.
      **kwargs: passed to cc_library.
    """
    cudart = if_cuda(["@local_cuda//:cudart"])
    _cuda_objects(
        name = name + "_objects",
        srcs = srcs,
        hdrs = hdrs,
        tags = ["manual"],
        deps = deps + cudart,
        visibility = ["//visibility:private"],
    )
    cc_library(
        name = name,
        # Through select, or //... would reach nvcc without the config.
        srcs = if_cuda([":" + name + "_objects"], srcs),
        hdrs = hdrs,
        copts = ["-O3", "-include", "third_party/precompiled/common_o3.h"],
        deps = deps + cudart + ["//third_party/precompiled:common_o3"],
        **kwargs
    )
