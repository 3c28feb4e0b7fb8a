"""fcis_parity_test: a test that compares with the reference's numbers."""

load("//fcis:defs.bzl", "fcis_test")

def fcis_parity_test(name, deps = [], tags = [], size = "small", data = [], **kwargs):
    """A test whose fixtures are found, and whose result is never cached.

    $FCIS_PARITY_DIR and $FCIS_PARITY_CHAINERCV_DIR name directories that Bazel
    does not watch: a cached pass would outlive a change of their files, hence
    "external".
    """
    fcis_test(
        name = name,
        size = size,
        data = data + ["//fcis/testdata:parity"],
        tags = tags + ["external", "parity"],
        deps = deps + [
            "//fcis/core/testing:golden",
            "//fcis/core/testing",
        ],
        **kwargs
    )
