// Uses every library of the system once: if this passes, the machine is fit to
// build the rest.
#include <archive.h>
#include <benchmark/benchmark.h>
#include <curl/curl.h>
#include <httplib.h>
#include <jpeglib.h>
#include <mpi.h>
#include <openssl/evp.h>
#include <png.h>
#include <rapidjson/document.h>
#include <turbojpeg.h>
#include <zlib.h>

#include <cstdint>
#include <cstdio>  // jpeglib.h needs it first.
#include <cstring>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "oneapi/dnnl/dnnl.hpp"
#include "third_party/smoke_test.pb.h"

ABSL_FLAG(int, smoke_flag, 7, "Nothing reads it but the test.");

namespace fcis {
namespace {

constexpr int kSide = 8;

// A grey square of kSide x kSide RGB pixels.
std::vector<uint8_t> GreySquare() {
  return std::vector<uint8_t>(kSide * kSide * 3, 128);
}

TEST(Absl, FlagsStatusAndContainers) {
  EXPECT_EQ(absl::GetFlag(FLAGS_smoke_flag), 7);
  EXPECT_NE(absl::FindCommandLineFlag("smoke_flag"), nullptr);
  const absl::StatusOr<int> missing = absl::NotFoundError(absl::StrCat(1, "b"));
  EXPECT_EQ(missing.status().message(), "1b");
  absl::flat_hash_map<std::string, int> map = {{"a", 1}};
  EXPECT_TRUE(map.contains("a"));
  EXPECT_EQ(absl::FormatTime(absl::UnixEpoch(), absl::UTCTimeZone()),
            "1970-01-01T00:00:00+00:00");
}

TEST(Protobuf, TextAndImports) {
  smoke::Note note;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "text: 'x' time { seconds: 5 }", &note));
  EXPECT_EQ(note.time().seconds(), 5);
}

TEST(RapidJson, Parses) {
  rapidjson::Document document;
  document.Parse("{\"a\": [1, 2]}");
  ASSERT_FALSE(document.HasParseError());
  EXPECT_EQ(document["a"][1].GetInt(), 2);
}

TEST(Jpeg, TurboEncodesWhatLibjpegReads) {
  const std::vector<uint8_t> pixels = GreySquare();
  tjhandle encoder = tjInitCompress();
  unsigned char* bytes = nullptr;
  unsigned long size = 0;  // NOLINT(runtime/int): the library's type.
  ASSERT_EQ(tjCompress2(encoder, pixels.data(), kSide, 0, kSide, TJPF_RGB,
                        &bytes, &size, TJSAMP_444, 90, 0),
            0);
  jpeg_decompress_struct decoder;
  jpeg_error_mgr errors;
  decoder.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&decoder);
  jpeg_mem_src(&decoder, bytes, size);
  EXPECT_EQ(jpeg_read_header(&decoder, TRUE), JPEG_HEADER_OK);
  EXPECT_EQ(decoder.image_width, static_cast<JDIMENSION>(kSide));
  jpeg_destroy_decompress(&decoder);
  tjFree(bytes);
  tjDestroy(encoder);
}

TEST(Png, RoundTrip) {
  const std::vector<uint8_t> pixels = GreySquare();
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = image.height = kSide;
  image.format = PNG_FORMAT_RGB;
  std::vector<uint8_t> file(4096);
  png_alloc_size_t size = file.size();
  ASSERT_NE(png_image_write_to_memory(&image, file.data(), &size, 0,
                                      pixels.data(), 0, nullptr),
            0);
  ASSERT_NE(png_image_begin_read_from_memory(&image, file.data(), size), 0);
  image.format = PNG_FORMAT_RGB;
  std::vector<uint8_t> back(pixels.size());
  ASSERT_NE(png_image_finish_read(&image, nullptr, back.data(), 0, nullptr), 0);
  EXPECT_EQ(back, pixels);
}

TEST(Dnnl, Transposes) {
  using dnnl::memory;
  dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  std::vector<float> rows = {1, 2, 3, 4, 5, 6}, columns(rows.size());
  const auto in = [](memory::format_tag tag) {
    return memory::desc({2, 3}, memory::data_type::f32, tag);
  };
  memory from(in(memory::format_tag::ab), engine, rows.data());
  memory to(in(memory::format_tag::ba), engine, columns.data());
  dnnl::reorder(from, to).execute(stream, from, to);
  stream.wait();
  EXPECT_THAT(columns, testing::ElementsAre(1, 4, 2, 5, 3, 6));
}

// Starting ranks is mpiexec's work, which other tests do.
TEST(Mpi, Links) {
  char version[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  ASSERT_EQ(MPI_Get_library_version(version, &length), MPI_SUCCESS);
  EXPECT_THAT(std::string(version, length), testing::HasSubstr("Open MPI"));
}

TEST(Curl, ReadsAFileUrl) {
  std::string text;
  CURL* curl = curl_easy_init();
  curl_easy_setopt(curl, CURLOPT_URL, "file:///proc/self/status");
  curl_easy_setopt(
      curl, CURLOPT_WRITEFUNCTION,
      +[](char* data, size_t size, size_t count, void* out) -> size_t {
        static_cast<std::string*>(out)->append(data, size * count);
        return size * count;
      });
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &text);
  EXPECT_EQ(curl_easy_perform(curl), CURLE_OK);
  EXPECT_THAT(text, testing::HasSubstr("smoke_test"));
  curl_easy_cleanup(curl);
}

TEST(Archive, RefusesWhatIsNoArchive) {
  archive* reader = archive_read_new();
  archive_read_support_format_tar(reader);
  EXPECT_EQ(archive_read_open_memory(reader, "not a tar", 9), ARCHIVE_FATAL);
  archive_read_free(reader);
}

TEST(HttpLib, ServesOnTheLoopback) {
  httplib::Server server;
  EXPECT_GT(server.bind_to_any_port("127.0.0.1"), 0);
}

TEST(OpenSsl, Sha256) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  ASSERT_EQ(EVP_Digest("abc", 3, digest, &size, EVP_sha256(), nullptr), 1);
  EXPECT_THAT(absl::BytesToHexString(
                  std::string(reinterpret_cast<char*>(digest), size)),
              testing::StartsWith("ba7816bf"));
}

TEST(Zlib, Crc32) {
  EXPECT_EQ(crc32(0, reinterpret_cast<const Bytef*>("123456789"), 9),
            0xCBF43926u);
}

TEST(Benchmark, Links) {
  int value = 1;
  benchmark::DoNotOptimize(value);
  benchmark::ClobberMemory();
  EXPECT_FALSE(benchmark::ReportUnrecognizedArguments(1, nullptr));
}

}  // namespace
}  // namespace fcis
