"""@system_packages: which Debian packages are installed, in which versions, for
targets that hold files of theirs and must be made anew when they change."""

def _system_packages_repository_impl(ctx):
    result = ctx.execute(["dpkg-query", "--show"])
    if result.return_code != 0:
        fail("dpkg-query: " + result.stderr)
    ctx.file("packages.txt", result.stdout)
    ctx.file("BUILD.bazel", "exports_files([\"packages.txt\"])\n")

system_packages_repository = repository_rule(
    implementation = _system_packages_repository_impl,
    local = True,
)
