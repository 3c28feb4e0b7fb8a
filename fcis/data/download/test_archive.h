// Archives for tests, also such as no sane program writes.
#ifndef FCIS_DATA_DOWNLOAD_TEST_ARCHIVE_H_
#define FCIS_DATA_DOWNLOAD_TEST_ARCHIVE_H_

#include <archive.h>
#include <archive_entry.h>

#include <string>
#include <vector>

namespace fcis::data {

struct TestEntry {
  std::string name;
  std::string bytes;
  // Makes it a symbolic link.
  std::string link_to = "";
};

// A zip archive, or a compressed tar archive.
inline std::string MakeArchive(const std::vector<TestEntry>& entries,
                               bool zip) {
  std::string bytes(size_t{4} << 20, '\0');
  size_t used = 0;
  archive* writer = archive_write_new();
  if (zip) {
    archive_write_set_format_zip(writer);
  } else {
    archive_write_set_format_ustar(writer);
    archive_write_add_filter_gzip(writer);
  }
  archive_write_open_memory(writer, bytes.data(), bytes.size(), &used);
  for (const TestEntry& e : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, e.name.c_str());
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, e.bytes.size());
    if (!e.link_to.empty()) {
      archive_entry_set_filetype(entry, AE_IFLNK);
      archive_entry_set_symlink(entry, e.link_to.c_str());
    }
    archive_write_header(writer, entry);
    archive_write_data(writer, e.bytes.data(), e.bytes.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  bytes.resize(used);
  return bytes;
}

}  // namespace fcis::data

#endif  // FCIS_DATA_DOWNLOAD_TEST_ARCHIVE_H_
