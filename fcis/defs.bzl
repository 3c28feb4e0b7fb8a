"""fcis_library, fcis_test, fcis_binary: the rules of @rules_cc with what nearly
every target of this project has."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

# Abseil is one set of system libraries, of which the linker keeps what is used.
_EVERYWHERE = [
    "//fcis/core/base:status_macros",
    "@com_google_absl//:absl",
]

def fcis_test(name, srcs = None, deps = [], size = "small", **kwargs):
    """A cc_test of <name>.cc with GoogleTest's main.

    Args:
      name: of the test.
      srcs: default: <name>.cc.
      deps: beside Abseil, GoogleTest and the status macros.
      size: as of every test.
      **kwargs: passed to cc_test.
    """
    cc_test(
        name = name,
        size = size,
        srcs = srcs or [name + ".cc"],
        deps = deps + _EVERYWHERE + ["@com_google_googletest//:gtest_main"],
        **kwargs
    )

def fcis_library(
        name,
        srcs = None,
        hdrs = None,
        deps = [],
        test = fcis_test,
        test_deps = [],
        test_size = "small",
        test_tags = [],
        test_data = [],
        **kwargs):
    """A cc_library of <name>.h and, where there is one, <name>.cc.

    With <name>_test.cc beside it comes the test <name>_test, which has the
    library's deps and test_deps.

    Args:
      name: of the library.
      srcs: default: <name>.cc, if there is one.
      hdrs: default: <name>.h.
      deps: beside Abseil and the status macros.
      test: the rule of its test; None: it is written out, or another's.
      test_deps: of its test only.
      test_size: as of every test.
      test_tags: as of every test.
      test_data: as of every test.
      **kwargs: passed to cc_library.
    """
    cc_library(
        name = name,
        srcs = native.glob([name + ".cc"]) if srcs == None else srcs,
        hdrs = [name + ".h"] if hdrs == None else hdrs,
        deps = deps + _EVERYWHERE,
        **kwargs
    )
    if test and native.glob([name + "_test.cc"]):
        test(
            name = name + "_test",
            size = test_size,
            data = test_data,
            tags = test_tags,
            deps = [":" + name] + deps + test_deps,
        )

def fcis_binary(name, srcs = None, deps = [], **kwargs):
    """A cc_binary of <name>.cc.

    Args:
      name: of the program.
      srcs: default: <name>.cc.
      deps: beside Abseil and the status macros.
      **kwargs: passed to cc_binary.
    """
    cc_binary(
        name = name,
        srcs = srcs or [name + ".cc"],
        deps = deps + _EVERYWHERE,
        **kwargs
    )
