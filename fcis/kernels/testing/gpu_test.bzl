"""fcis_backend_test: a test of every backend, and the same test of the GPU."""

load("//fcis:defs.bzl", "fcis_test")
load("//third_party/cuda:defs.bzl", "if_cuda")

def fcis_backend_test(name, rule = fcis_test, srcs = None, tags = [], env = {}, **kwargs):
    """A test whose backends come from fcis/kernels/testing/backends.h.

    Under --config=cuda <name>_gpu is the same test of the cuda backend alone.
    It carries the tag "gpu", and is skipped with the reason printed where there
    is no GPU.

    Args:
      name: of the test.
      rule: fcis_test or a macro with its arguments.
      srcs: default: <name>.cc.
      tags: as everywhere.
      env: as everywhere.
      **kwargs: passed to the rule.
    """
    srcs = srcs or [name + ".cc"]
    rule(name = name, srcs = srcs, tags = tags, env = env, **kwargs)
    rule(
        name = name + "_gpu",
        srcs = srcs,
        tags = tags + ["exclusive", "external", "gpu"],
        env = dict(env, FCIS_TEST_BACKENDS = "cuda"),
        target_compatible_with = if_cuda([], ["@platforms//:incompatible"]),
        **kwargs
    )
