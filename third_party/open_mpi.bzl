"""@open_mpi over Debian's libopenmpi-dev. Its headers are not on the default
search path and an absolute -I would leave the sandbox, hence the link."""

def _showme(ctx, what):
    mpicxx = ctx.which("mpicxx")
    if not mpicxx:
        fail("mpicxx is missing: run ./bootstrap")
    result = ctx.execute([mpicxx, "--showme:" + what])
    if result.return_code != 0:
        fail("mpicxx --showme:{} failed: {}".format(what, result.stderr))
    return result.stdout.strip().split(" ")

def _open_mpi_repository_impl(ctx):
    ctx.symlink(_showme(ctx, "incdirs")[0], "mpi_include")
    linkopts = ["-L" + d for d in _showme(ctx, "libdirs")] + ["-lmpi"]
    ctx.file("BUILD.bazel", """
cc_library(
    name = "mpi",
    hdrs = glob(["mpi_include/**/*.h"]),
    defines = ["OMPI_SKIP_MPICXX"],
    includes = ["mpi_include"],
    linkopts = {},
    visibility = ["//visibility:public"],
)
""".format(repr(linkopts)))

open_mpi_repository = repository_rule(
    implementation = _open_mpi_repository_impl,
    local = True,
)
