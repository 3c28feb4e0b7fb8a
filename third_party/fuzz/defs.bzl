"""fcis_fuzz_test: a libFuzzer target that is an ordinary test of its corpus.

    bazel test //x:foo_fuzz_test                    # each file of the corpus once
    bazel run --config=fuzz //x:foo_fuzz_test -- -max_total_time=60 /tmp/corpus
    scripts/fuzz_campaign                           # all of them, for long
"""

load("@rules_cc//cc:defs.bzl", "cc_test")
load("//third_party/precompiled:defs.bzl", "TEST_COPTS")

def fcis_fuzz_test(name, srcs, corpus, deps = [], **kwargs):
    """A test of LLVMFuzzerTestOneInput().

    Its corpus also has what scripts/fuzz_campaign found, testdata/corpus/<name>/.

    Args:
      name: ends in _fuzz_test.
      srcs: define LLVMFuzzerTestOneInput().
      corpus: files, at least one.
      deps: as in cc_test.
      **kwargs: passed to cc_test.
    """
    corpus = corpus + native.glob(["testdata/corpus/%s/*" % name])
    cc_test(
        name = name,
        size = "small",
        srcs = srcs,
        args = select({
            "//third_party/fuzz:enabled": [],
            "//conditions:default": ["$(locations {})".format(f) for f in corpus],
        }),
        data = corpus,
        copts = select({
            "//third_party/fuzz:enabled": [],
            "//conditions:default": TEST_COPTS + ["-include", "third_party/precompiled/tests.h"],
        }),
        # LLVMFuzzerMutate() is there.
        local_defines = select({
            "//third_party/fuzz:enabled": ["FCIS_FUZZ=1"],
            "//conditions:default": [],
        }),
        linkopts = select({
            "//third_party/fuzz:enabled": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        deps = deps + select({
            "//third_party/fuzz:enabled": [],
            "//conditions:default": [
                "//third_party/fuzz:replay_main",
                "//third_party/precompiled:tests",
            ],
        }),
        **kwargs
    )
