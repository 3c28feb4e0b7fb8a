"""@com_google_absl over Debian's libabsl-dev, with upstream's labels."""

_MODULES = [
    "absl_statusor",
    "absl_status",
    "absl_strings",
    "absl_str_format",
    "absl_cord",
    "absl_flags",
    "absl_flags_parse",
    "absl_flags_usage",
    "absl_flags_reflection",
    "absl_flat_hash_map",
    "absl_flat_hash_set",
    "absl_raw_logging_internal",
    "absl_time",
    "absl_synchronization",
]

# Package -> its targets. All link the same list: --as-needed keeps what a
# binary uses.
_TARGETS = {
    "algorithm": ["algorithm", "container"],
    "base": ["base", "core_headers", "endian"],
    "cleanup": ["cleanup"],
    "container": [
        "btree",
        "fixed_array",
        "flat_hash_map",
        "flat_hash_set",
        "inlined_vector",
        "node_hash_map",
    ],
    "flags": ["flag", "marshalling", "parse", "reflection", "usage"],
    "functional": ["any_invocable", "bind_front", "function_ref"],
    "hash": ["hash"],
    "memory": ["memory"],
    "meta": ["type_traits"],
    "numeric": ["bits", "int128"],
    "status": ["status", "statusor"],
    "strings": ["cord", "str_format", "strings"],
    "synchronization": ["synchronization"],
    "time": ["time"],
    "types": ["optional", "span", "variant"],
    "utility": ["utility"],
}

def _absl_repository_impl(ctx):
    result = ctx.execute(["pkg-config", "--libs-only-l"] + _MODULES)
    if result.return_code != 0:
        fail("pkg-config finds no Abseil: run ./bootstrap\n" + result.stderr)
    libraries = [
        word
        for word in result.stdout.strip().split(" ")
        if word.startswith("-labsl_")
    ]
    linkopts = ["-Wl,--push-state,--as-needed"] + libraries + ["-lpthread", "-Wl,--pop-state"]
    ctx.file("BUILD.bazel", """
cc_library(
    name = "absl",
    linkopts = {},
    visibility = ["//visibility:public"],
)
""".format(repr(linkopts)))
    for package, targets in _TARGETS.items():
        rules = ["package(default_visibility = [\"//visibility:public\"])"]
        for target in targets:
            rules.append("cc_library(name = {}, deps = [\"//:absl\"])".format(repr(target)))
        ctx.file("absl/{}/BUILD.bazel".format(package), "\n\n".join(rules) + "\n")

absl_repository = repository_rule(
    implementation = _absl_repository_impl,
    local = True,
)
