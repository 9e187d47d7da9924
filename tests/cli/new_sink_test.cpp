// `clusterkit new sink NAME`: what it writes, and what it refuses.
#include "cli/new_sink.hpp"

#include <gmock/gmock.h>

#include "cli/commands.hpp"
#include "support/temp_dir.hpp"

namespace clusterkit::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class NewSink : public testing::Test {
 protected:
  std::string refusalOf(const std::string& name) {
    try {
      writeSinkProject(cppSinkTemplate(), name, parent_.path());
      return "";
    } catch (const UsageError& error) {
      return error.what();
    }
  }
  std::string text(const std::string& file) const { return test::readFile(parent_.path() / file); }

  test::TempDir parent_;
};

TEST_F(NewSink, WritesTheExampleUnderAnotherName) {
  EXPECT_THAT(writeSinkProject(cppSinkTemplate(), "audit", parent_.path()),
              ElementsAre("CMakeLists.txt", "README.md", "audit.cpp", "audit.ini"));
  EXPECT_THAT(text("audit/CMakeLists.txt"),
              HasSubstr("clusterkit_add_plugin(audit KIND sink SOURCES audit.cpp)"));
  EXPECT_THAT(text("audit/audit.cpp"), HasSubstr("CK_SINK(FileSink, \"audit\","));
  EXPECT_THAT(text("audit/audit.ini"), HasSubstr("[sink.audit]\nplugin = audit\n"));
  for (const char* file : {"CMakeLists.txt", "README.md", "audit.cpp", "audit.ini"})
    EXPECT_THAT(text(std::string("audit/") + file), Not(HasSubstr("sink-file"))) << file;
}

TEST_F(NewSink, WritesItInC) {
  EXPECT_THAT(writeSinkProject(cSinkTemplate(), "audit", parent_.path()),
              ElementsAre("CMakeLists.txt", "README.md", "audit.c", "audit.ini"));
  EXPECT_THAT(text("audit/audit.c"), HasSubstr("CK_C_SINK(\"audit\","));
}

TEST_F(NewSink, TakesEveryNameThatAPluginCanHave) {
  for (const std::string name :
       {"a", "7", "my-sink-2", "sink-file-of-mine", "a1234567890123456789012345678901"})
    EXPECT_EQ(refusalOf(name), "");
  EXPECT_THAT(text("sink-file-of-mine/sink-file-of-mine.cpp"), HasSubstr("\"sink-file-of-mine\""));
}

TEST_F(NewSink, RefusesOtherNamesAndWritesNothing) {
  for (const std::string name : {"", "Audit", "my_sink", "a.b", "../a", "a/b", "-a", "ä", "a b", "a\n",
                                 "a12345678901234567890123456789012"}) {
    EXPECT_THAT(refusalOf(name), HasSubstr("allowed is a name of 1 to 32 of a-z, 0-9 and -")) << name;
    EXPECT_TRUE(std::filesystem::is_empty(parent_.path())) << name;
  }
  for (const std::string name : {"test", "all", "install"})
    EXPECT_THAT(refusalOf(name), HasSubstr("CMake keeps that name")) << name;
  for (const std::string name : {"script", "webhook"})
    EXPECT_THAT(refusalOf(name), HasSubstr("comes with ClusterKit")) << name;
}

TEST_F(NewSink, TouchesNothingThatExists) {
  std::filesystem::create_directory(parent_.path() / "audit");
  parent_.write("note", "mine");
  std::filesystem::create_symlink("nowhere", parent_.path() / "dangling");
  for (const std::string name : {"audit", "note", "dangling"})
    EXPECT_THAT(refusalOf(name), HasSubstr("exists already"));
  EXPECT_TRUE(std::filesystem::is_empty(parent_.path() / "audit"));
  EXPECT_EQ(text("note"), "mine");
}

}  // namespace
}  // namespace clusterkit::cli
