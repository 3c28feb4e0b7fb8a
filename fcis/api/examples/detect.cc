// Prints what is found in a picture: detect a.jpg
#include <iostream>

#include "fcis/detector.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto detector = fcis::Detector::Load();
  const auto found = detector.value().DetectFile(argv[1]);
  if (!found.ok()) {
    std::cerr << found.error().message << "\n";
    return 1;
  }
  for (const fcis::Instance& i : *found) {
    std::cout << i.name << " " << i.score << "\n";
  }
}
