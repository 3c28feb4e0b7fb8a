// Fetches models and data sets: download models|datasets.
#include "fcis/tools/download_command.h"

int main(int argc, char** argv) {
  return fcis::tools::DownloadMain(argc, argv);
}
