"""embed_textproto: text files as char arrays of a header."""

def embed_textproto(name, srcs, out, prefix = ""):
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
        base=$$(basename $$f .textproto)
        name=$$(echo "_$$base" | sed 's/_\\(.\\)/\\U\\1/g')
        echo "inline constexpr char k%s$${name}Textproto[] = R\\"textproto("
        cat $$f
        echo ')textproto";'
      done
      echo '#endif'
    } > $@""" % (native.package_name() + "/" + out, prefix),
    )
