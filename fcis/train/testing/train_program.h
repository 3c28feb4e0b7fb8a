// train_main as its tests run it.
#ifndef FCIS_TRAIN_TESTING_TRAIN_PROGRAM_H_
#define FCIS_TRAIN_TESTING_TRAIN_PROGRAM_H_

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::train {

// Flags of a network of some ten thousand weights on small painted scenes.
// `set`: more of the recipe.
std::string TinyFlags(const std::string& set = "batch: 1");

inline constexpr char kCat[] = R"({"id": 1, "name": "cat"})";
inline constexpr char kDog[] = R"({"id": 2, "name": "dog"})";

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

// A data set of `pictures` pictures with a rectangle each, of two classes:
// directory/annotations.json and directory/images.
void WriteTinySet(const std::string& directory, int pictures = 4);
// The text of its annotations. `first` and `second`: the categories, as JSON.
std::string TinyAnnotations(int pictures = 4, const std::string& first = kCat,
                            const std::string& second = kDog);
// The flags that name the set: "--ann_file .. --image_dir .. ".
std::string DataFlags(const std::string& directory);

// Has the tiny set in data_, and a name for a run, of each test's own.
class TinySetTest : public ::testing::Test {
 protected:
  void SetUp() override;

  std::string data_, run_;
};

// Fails the test unless the logs, apart from times, and the models of both are
// the same bit for bit.
void ExpectSameRuns(const std::string& a, const std::string& b, int iterations);

// One object per iteration, or per validation; what is none fails the test.
std::vector<rapidjson::Document> ReadLog(const std::string& run);
std::vector<rapidjson::Document> ReadValidations(const std::string& run);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_TESTING_TRAIN_PROGRAM_H_
