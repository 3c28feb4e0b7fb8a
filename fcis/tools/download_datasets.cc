// Fetches data sets; the same as download datasets.
#include "fcis/tools/download_command.h"

int main(int argc, char** argv) {
  return fcis::tools::DownloadMain(argc, argv, fcis::DownloadItem::DATASET);
}
