// Fetches models; the same as download models.
#include "fcis/tools/download_command.h"

int main(int argc, char** argv) {
  return fcis::tools::DownloadMain(argc, argv, fcis::DownloadItem::MODEL);
}
