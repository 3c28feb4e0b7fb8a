"""A library of the system as a repository: linker options are all there is,
/usr/include is on the compiler's own search path."""

def _system_library_impl(ctx):
    header = ctx.attr.header
    if header and not ctx.path("/usr/include/" + header).exists:
        fail("/usr/include/{} is missing: run ./bootstrap".format(header))
    rules = ["package(default_visibility = [\"//visibility:public\"])"]
    for name, linkopts in ctx.attr.libraries.items():
        rules.append("cc_library(name = {}, defines = {}, linkopts = {})".format(
            repr(name),
            repr(ctx.attr.defines),
            repr(linkopts),
        ))
    ctx.file("BUILD.bazel", "\n\n".join(rules) + "\n")

system_library = repository_rule(
    implementation = _system_library_impl,
    attrs = {
        "defines": attr.string_list(doc = "Macros that the header expects of its users"),
        "header": attr.string(doc = "Proves the package is installed; relative to /usr/include"),
        "libraries": attr.string_list_dict(doc = "Label -> linker options"),
    },
    local = True,
)
