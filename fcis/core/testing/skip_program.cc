#include "fcis/core/testing/skip_program.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "absl/strings/str_replace.h"

namespace fcis {

void SkipProgram(absl::string_view reason) {
  std::cout << "Skipped: " << reason << std::endl;
  if (const char* path = std::getenv("XML_OUTPUT_FILE")) {
    const std::string text = absl::StrReplaceAll(
        reason, {{"&", "&amp;"}, {"<", "&lt;"}, {"\"", "&quot;"}, {"\n", " "}});
    std::ofstream xml(path);
    xml << "<testsuites tests=\"1\"><testsuite name=\"all\" tests=\"1\" "
           "skipped=\"1\"><testcase name=\"all\"><skipped message=\""
        << text << "\"/></testcase></testsuite></testsuites>\n";
    if (!xml.flush()) {
      std::cerr << "cannot write " << path << std::endl;
      std::exit(1);
    }
  }
  std::exit(0);
}

}  // namespace fcis
