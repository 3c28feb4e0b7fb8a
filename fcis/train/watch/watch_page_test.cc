#include "fcis/train/watch/watch_page.h"

#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "fcis/train/run/event_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A run directory with `iterations` iterations and a validation.
std::string MakeRun(const std::string& name, int batch, int iterations) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/", name);
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  const auto save = [&](const char* file, const std::string& text) {
    EXPECT_TRUE(WriteFileAtomic(absl::StrCat(path, "/", file), text).ok());
  };
  save("config.textproto", absl::StrCat("batch: ", batch, "\n"));
  save("run.jsonl",
       "{\"time\":\"now\",\"iteration\":0,\"iterations\":80,\"command_line\":["
       "\"train\",\"<script>alert(1)</script>\"]}\n");
  const auto log = *EventLog::Open(path, 0);
  for (int i = 1; i <= iterations; ++i) {
    EXPECT_TRUE(log->Write(i, {{"epoch", i / 10.0},
                               {"lr", 1e-3},
                               {"loss", 8.0 / i},
                               {"fcis_mask_loss", 2.0 / i},
                               {"left_out", 0},
                               {"images_per_s", 4},
                               {"data_wait_s", .125},
                               {"elapsed_s", i * .5},
                               {"peak_memory_mb", 2500}})
                    .ok());
  }
  EXPECT_TRUE(log->Write(iterations,
                         {{"validation_ap", .125}, {"validation_ap50", .375}})
                  .ok());
  return path;
}

// Runs the page's script without a browser, on stand-ins for what it uses of a
// document.
constexpr char kDraw[] = R"js(
const page = require('fs').readFileSync(process.argv[2], 'utf8');
const [, json, script] =
    page.match(/id="data">(.*?)<\/script>\s*<script>(.*?)<\/script>/s);
const elements = {data: {textContent: json}};
const main = {addEventListener() {}, querySelectorAll: () => []};
globalThis.document = {
  getElementById: id => id.startsWith('pictures-') ? null : elements[id] ??= {},
  querySelector: () => main,
};
globalThis.fetch = url => {
  process.stdout.write(`asked for ${url}\n`);
  process.exit(0);
};
new Function(script)();
for (const [id, {innerHTML}] of Object.entries(elements)) {
  if (innerHTML) process.stdout.write(`<!-- ${id} -->\n${innerHTML}`);
}
)js";

std::string Draw(const std::string& page) {
  const std::string directory = ::testing::TempDir();
  EXPECT_TRUE(WriteFileAtomic(directory + "/draw.js", kDraw).ok());
  EXPECT_TRUE(WriteFileAtomic(directory + "/page.html", page).ok());
  EXPECT_EQ(std::system(absl::StrCat("cd ", directory,
                                     " && node draw.js page.html > drawn.html")
                            .c_str()),
            0);
  return *ReadFile(directory + "/drawn.html");
}

bool HasNode() { return std::system("node --version > /dev/null 2>&1") == 0; }

TEST(ReportPageTest, IsEscapedAndAlone) {
  const auto page = ReportPage({MakeRun("alone", 2, 20)});
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(*page, ::testing::StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(*page, Not(HasSubstr("<script>alert(1)")));
  for (const char* outside :
       {"http:", "https:", "<link", "src=\"/", "@import", "url("}) {
    EXPECT_THAT(*page, Not(HasSubstr(outside)));
  }
}

TEST(ReportPageTest, DrawsARun) {
  if (!HasNode()) GTEST_SKIP() << "no node";
  const auto page = ReportPage({MakeRun("one", 2, 20)});
  ASSERT_TRUE(page.ok()) << page.status();
  const std::string drawn = Draw(*page);
  EXPECT_THAT(drawn, HasSubstr("<h1>one</h1>"));
  EXPECT_THAT(drawn, HasSubstr("iteration 20 of 80, epoch 2"));
  EXPECT_THAT(drawn, HasSubstr("about <b>30 s</b> left"));
  EXPECT_THAT(drawn, HasSubstr("<b>0.125</b><span class=\"dim\">best mask AP"));
  EXPECT_THAT(drawn, HasSubstr("<b>4.00</b><span class=\"dim\">pictures per"));
  EXPECT_THAT(drawn, HasSubstr("<b>25 %</b>"));
  EXPECT_THAT(drawn, HasSubstr("<b>2.5 GB</b>"));
  for (const char* chart :
       {"loss (sum)", "fcis mask loss", "AP", "AP50", "learning rate",
        "pictures per second", "memory, GB at most until then"}) {
    EXPECT_THAT(drawn, HasSubstr(absl::StrCat("<h3>", chart, "</h3><svg")));
  }
  EXPECT_THAT(drawn, Not(HasSubstr("iterations left out")));  // always 0
  EXPECT_THAT(drawn, HasSubstr("&lt;script&gt;alert(1)"));
  EXPECT_THAT(drawn, HasSubstr("<pre>batch: 2\n</pre>"));
  EXPECT_THAT(drawn, Not(HasSubstr("undefined")));
  EXPECT_THAT(drawn, Not(HasSubstr("NaN")));
}

TEST(ReportPageTest, ComparesRuns) {
  if (!HasNode()) GTEST_SKIP() << "no node";
  const auto page = ReportPage({MakeRun("a/run", 2, 20), MakeRun("b/run", 5, 9),
                                MakeRun("empty", 5, 0)});
  ASSERT_TRUE(page.ok()) << page.status();
  const std::string drawn = Draw(*page);
  EXPECT_THAT(drawn, HasSubstr("<h1>3 training runs</h1>"));
  EXPECT_THAT(drawn, HasSubstr(">a/run</span>"));
  EXPECT_THAT(drawn,
              HasSubstr("<tr><td>batch</td><td class=\"text\">2</td>"
                        "<td class=\"text\">5</td><td class=\"text\">5</td>"));
  EXPECT_THAT(drawn, Not(HasSubstr("undefined")));
  EXPECT_THAT(drawn, Not(HasSubstr("NaN")));
}

TEST(ReportPageTest, NamesADirectoryWithoutARun) {
  const std::string none = ::testing::TempDir() + "/none";
  const absl::Status status =
      ReportPage({MakeRun("some", 2, 1), none}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr(none + " holds no training run"));
}

TEST(LivePageTest, AsksForData) {
  if (!HasNode()) GTEST_SKIP() << "no node";
  EXPECT_EQ(Draw(LivePage()), "asked for data?have=\n");
}

}  // namespace
}  // namespace fcis::train
