// All that a page shows of a run, read from its directory: while it is written,
// after its end, or of one that was killed.
#ifndef FCIS_TRAIN_WATCH_RUN_DATA_H_
#define FCIS_TRAIN_WATCH_RUN_DATA_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "fcis/train/run/log_follower.h"
#include "fcis/train/run/run_record.h"
#include "fcis/train/watch/fixed_pictures.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis::train {

class RunData {
 public:
  // What a page has already.
  struct Known {
    std::string version;   // "": nothing
    size_t rows = 0;       // of the log
    std::string pictures;  // their version
  };

  // `path`: of the run directory, which may be empty yet.
  explicit RunData(std::string path)
      : path_(std::move(path)), log_(path_ + "/log.jsonl", kRows) {}

  // Reads what is new. What cannot be read is a problem, which the page shows;
  // the rest is there all the same.
  void Update();

  // An object:
  //   "path", "name"
  //   "version": of what follows; where the page has another one it knows
  //     nothing
  //   "problems": lines
  //   "starts": run.jsonl's lines
  //   "recipe": config.textproto; "settings": what is set in it, by path, and
  //     what the run was begun with, "--flag" and counts
  //   "iterations": of the whole run, 0: unknown; "finished": after so many
  //   "last_line_s": how long ago the log was written last; -1: there is none
  //   "columns", "stride", "first_row", "rows": the log's rows from first_row
  //     on; null: no number. "partial": the last row may still change
  //   "validations": [iteration, epoch, elapsed_s, AP, AP50]
  //   "pictures_version", and where the page has another one "pictures"
  //     (FixedPictures::Put)
  // All of it takes up to 350 kB, and 1.2 MB more with pictures.
  std::string ToJson(const Known& known) const;

 private:
  static constexpr size_t kRows = 1000;

  void UpdateRecord();
  void UpdatePictures();
  void OpenPictures();
  std::string Version() const;
  void PutAbout(rapidjson::Writer<rapidjson::StringBuffer>& json) const;
  void PutRows(const Known& known,
               rapidjson::Writer<rapidjson::StringBuffer>& json) const;

  const std::string path_;
  std::vector<std::string> problems_;  // of the last Update
  std::string starts_, recipe_;        // texts
  RunRecord record_;
  std::string record_stamp_;
  LogFollower log_;
  FixedPictures pictures_;
  std::string pictures_of_;  // that the pictures were opened for
  std::string pictures_problem_;
  int64_t pictures_changes_ = 0;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_WATCH_RUN_DATA_H_
