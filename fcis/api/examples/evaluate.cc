// Prints COCO's 12 numbers: evaluate instances.json results.json
#include <iostream>

#include "fcis/coco.h"

int main(int argc, char** argv) try {
  if (argc != 3) return 2;
  const auto truth = fcis::CocoTruth::Read(argv[1], fcis::IouType::kMask);
  const auto results = truth.value().ReadResults(argv[2]);
  const auto score = fcis::CocoEvaluation::Run(*truth, results.value());
  for (double number : score.value().Stats()) std::cout << number << "\n";
} catch (const fcis::ResultError& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
