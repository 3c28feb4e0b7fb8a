"""precompiled_header: headers of others that nearly every file of ours includes, parsed once.

Half of the time of a build from nothing went into reading the same headers of the
standard library, Abseil and GoogleTest again in each of 900 files.
"""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "CPP_COMPILE_ACTION_NAME")
load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

# Options of the tests' own files: a fifth of a build from nothing went into optimizing
# them. Less than this compiles no sooner, and runs slower. What they test is optimized
# as everywhere.
TEST_COPTS = ["-Og"]

def _precompiled_header_impl(ctx):
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    header = ctx.actions.declare_file(ctx.label.name + ".h")

    # Bazel calls GCC "compiler". Clang refuses one whose headers have other times,
    # as they have in a sandbox.
    precompiled = toolchain.compiler == "compiler" and ctx.var.get("precompiled") != "no"
    ctx.actions.write(
        header,
        "".join(["#include <%s>\n" % h for h in ctx.attr.headers if precompiled]),
    )
    given = cc_common.merge_cc_infos(
        cc_infos = [dep[CcInfo] for dep in ctx.attr.deps],
    ).compilation_context
    outputs = [header]

    if precompiled:
        compiled = ctx.actions.declare_file(header.basename + ".gch")
        outputs.append(compiled)
        variables = cc_common.create_compile_variables(
            feature_configuration = features,
            cc_toolchain = toolchain,
            source_file = header.path,
            output_file = compiled.path,
            use_pic = True,
            user_compile_flags = ctx.fragments.cpp.copts + ctx.fragments.cpp.cxxopts +
                                 ctx.attr.copts + ["-x", "c++-header"],
            include_directories = given.includes,
            quote_include_directories = given.quote_includes,
            system_include_directories = given.system_includes,
            preprocessor_defines = depset(transitive = [given.defines]),
        )
        ctx.actions.run(
            executable = cc_common.get_tool_for_action(
                feature_configuration = features,
                action_name = CPP_COMPILE_ACTION_NAME,
            ),
            arguments = cc_common.get_memory_inefficient_command_line(
                feature_configuration = features,
                action_name = CPP_COMPILE_ACTION_NAME,
                variables = variables,
            ),
            env = cc_common.get_environment_variables(
                feature_configuration = features,
                action_name = CPP_COMPILE_ACTION_NAME,
                variables = variables,
            ),
            inputs = depset([header], transitive = [toolchain.all_files, given.headers]),
            outputs = [compiled],
            mnemonic = "PrecompileHeader",
        )
    own = cc_common.create_compilation_context(
        headers = depset(outputs),
        quote_includes = depset([ctx.bin_dir.path]),
    )

    # Without what would be linked: who uses a library names it.
    return [
        DefaultInfo(files = depset(outputs)),
        cc_common.merge_cc_infos(
            cc_infos = [CcInfo(compilation_context = c) for c in [own, given]],
        ),
    ]

precompiled_header = rule(
    implementation = _precompiled_header_impl,
    attrs = {
        "headers": attr.string_list(mandatory = True),
        "copts": attr.string_list(doc = "Those of the rules that read it, as it brings them along."),
        "deps": attr.label_list(providers = [CcInfo]),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
    fragments = ["cpp"],
    doc = """<name>.h, which includes the headers, and what GCC makes of it; empty for other compilers
and with --define=precompiled=no. Whoever depends on it compiles with
-include <package>/<name>.h.""",
)
