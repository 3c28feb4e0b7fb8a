// train_main as its tests run it.
#ifndef FCIS_TRAIN_MAIN_TRAIN_PROGRAM_H_
#define FCIS_TRAIN_MAIN_TRAIN_PROGRAM_H_

#include <string>
#include <vector>

#include "rapidjson/document.h"

namespace fcis {

// Flags of a network of some ten thousand weights on small painted scenes.
// `set`: more of the recipe.
std::string TinyFlags(const std::string& set = "batch: 1");

// The program's path.
std::string TrainProgram();

struct Outcome {
  int code = -1;
  std::string output;  // stdout and stderr
};

Outcome Shell(const std::string& command);
Outcome Train(const std::string& flags);
// The command of `ranks` processes.
std::string Mpi(int ranks, const std::string& flags);

// A directory that does not exist yet.
std::string NewDirectory(const std::string& name);

// One object per iteration; what is none fails the test.
std::vector<rapidjson::Document> ReadLog(const std::string& run);

}  // namespace fcis

#endif  // FCIS_TRAIN_MAIN_TRAIN_PROGRAM_H_
