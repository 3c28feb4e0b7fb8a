"""embed_text: text files as char arrays of a header."""

def embed_text(name, srcs, out, prefix = ""):
    """One char array per file, named after it.

    coco_classes.textproto -> k<prefix>CocoClassesTextproto.
    """
    native.genrule(
        name = name,
        srcs = srcs,
        outs = [out],
        cmd = """{
      guard=$$(echo "FCIS_%s_" | tr '/.a-z' '__A-Z')
      echo "#ifndef $$guard"
      echo "#define $$guard"
      for f in $(SRCS); do
        name=$$(echo "_$$(basename $$f)" | sed 's/[_.]\\(.\\)/\\U\\1/g')
        echo "inline constexpr char k%s$${name}[] = R\\"text("
        cat $$f
        echo ')text";'
      done
      echo '#endif'
    } > $@""" % (native.package_name() + "/" + out, prefix),
    )
