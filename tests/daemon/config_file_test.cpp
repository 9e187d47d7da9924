// The readers take what the format allows and nothing else; each refusal is one line that names file and
// line.
#include "daemon/config_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>

namespace clusterkit {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string errorOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const ConfigError& e) {
    EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

std::string iniError(const std::string& text) {
  return errorOf([&] { parseIni(text, "c.ini"); });
}
std::string xmlError(const std::string& text) {
  return errorOf([&] { parseXml(text, "c.xml"); });
}

class ConfigFile : public testing::Test {
 protected:
  ConfigFile() : folder_(fs::temp_directory_path() / ("clusterkit-config-" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~ConfigFile() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }
  std::string fileError(const std::string& name, const std::string& text) const {
    return errorOf([&] { readConfigFile(write(name, text), {}); });
  }

  fs::path folder_;
};

TEST(ConfigIni, SectionsKeysAndCommentsAreRead) {
  const auto sections = parseIni(
      "; a comment\r\n# another\n\n[node]\r\n id = n1 \r\nname=a = b ; c\n[sink.audit]\nargs =\n[http]\n",
      "c.ini");
  ASSERT_EQ(sections.size(), 3u);
  EXPECT_EQ(sections[0].kind, "node");
  EXPECT_EQ(sections[0].values.at("id").text, "n1");
  EXPECT_EQ(sections[0].values.at("id").origin, "c.ini:5");
  EXPECT_EQ(sections[0].values.at("name").text, "a = b ; c");
  EXPECT_EQ(sections[1].kind, "sink");
  EXPECT_EQ(sections[1].instance, "audit");
  EXPECT_EQ(sections[1].origin, "c.ini:7");
  EXPECT_EQ(sections[1].values.at("args").text, "");
  EXPECT_TRUE(sections[2].values.empty());
}

TEST(ConfigIni, WhatIsNoIniIsRefusedWithItsLine) {
  EXPECT_EQ(iniError("[node]\nid\n"),
            "c.ini:2: 'id' is no INI; allowed: [section], key = value, a comment after ; or #");
  EXPECT_EQ(iniError("[node\nid = 1\n"), "c.ini:1: '[node' has no closing ]");
  EXPECT_EQ(iniError("[node] x\n"), "c.ini:1: '[node] x' has text behind the ]");
  EXPECT_EQ(iniError("[]\n"), "c.ini:1: a section without a name; allowed: [node], [sink.audit] and so on");
  EXPECT_EQ(iniError("[sink.]\n"), "c.ini:1: '[sink.]' has no name behind the dot");
  EXPECT_EQ(iniError("id = 1\n"), "c.ini:1: key 'id' stands before the first section");
  EXPECT_EQ(iniError("[node]\n= 1\n"), "c.ini:2: [node] '' is no key; allowed: a-z, 0-9 and _");
  EXPECT_EQ(iniError("[node]\na b = 1\n"), "c.ini:2: [node] 'a b' is no key; allowed: a-z, 0-9 and _");
}

TEST(ConfigIni, KeysAreLowerCaseAndThereOnce) {
  EXPECT_EQ(iniError("[node]\nId = 1\n"), "c.ini:2: [node] 'Id' is no key, keys are lower-case: 'id'");
  EXPECT_EQ(iniError("[node]\nid = 1\n\nid = 1\n"),
            "c.ini:4: [node] id: this key is there twice, first at c.ini:2");
  EXPECT_EQ(iniError("[node]\n[http]\n[node]\n"),
            "c.ini:3: [node]: this section is there twice, first at c.ini:1");
}

TEST(ConfigXml, GivesTheSameSectionsAsIni) {
  const auto xml = parseXml(
      "<?xml version=\"1.0\"?>\n<clusterkit>\n<node>\n<id> n1 </id>\n<name>a &amp; b</name></node>\n"
      "<!-- c --><sink name=\"audit\"><args><![CDATA[<x>]]></args></sink><http/></clusterkit>",
      "c.xml");
  ASSERT_EQ(xml.size(), 3u);
  EXPECT_EQ(xml[0].values.at("id").text, "n1");
  EXPECT_EQ(xml[0].values.at("id").origin, "c.xml:4");
  EXPECT_EQ(xml[0].values.at("name").text, "a & b");
  EXPECT_EQ(xml[1].kind, "sink");
  EXPECT_EQ(xml[1].instance, "audit");
  EXPECT_EQ(xml[1].values.at("args").text, "<x>");
  EXPECT_EQ(xml[2].kind, "http");
}

TEST(ConfigXml, OnlyTheShapeOfAConfigurationIsTaken) {
  EXPECT_EQ(xmlError("<config/>"), "c.xml:1: the root element is 'config'; allowed: 'clusterkit'");
  EXPECT_EQ(xmlError("<clusterkit>\n<node>\n<id><a/></id></node></clusterkit>"),
            "c.xml:3: element 'a' inside of a key; allowed: text");
  EXPECT_THAT(xmlError("<clusterkit><node>text</node></clusterkit>"),
              HasSubstr("'text' stands outside of a key"));
  EXPECT_THAT(xmlError("<clusterkit>text</clusterkit>"), HasSubstr("'text' stands outside of a key"));
  EXPECT_THAT(xmlError("<clusterkit><node><id unit=\"s\">1</id></node></clusterkit>"),
              HasSubstr("attribute 'unit'"));
  EXPECT_THAT(xmlError("<clusterkit a=\"1\"/>"), HasSubstr("attribute 'a'"));
  EXPECT_THAT(xmlError("<clusterkit><sink name=\"\"/></clusterkit>"), HasSubstr("has an empty name"));
  EXPECT_THAT(xmlError("<clusterkit><node/>\n<node/></clusterkit>"),
              HasSubstr("c.xml:2: [node]: this section"));
  EXPECT_THAT(xmlError("<clusterkit><node><id>1</id><id>2</id></node></clusterkit>"),
              HasSubstr("this key is there"));
  EXPECT_THAT(xmlError("<clusterkit><node><Id>1</Id></node></clusterkit>"), HasSubstr("keys are lower-case"));
  EXPECT_THAT(xmlError("<clusterkit/>"), HasSubstr("there is no section"));
  EXPECT_THAT(xmlError("<clusterkit><?php x?><node/></clusterkit>"),
              HasSubstr("processing instruction 'php'"));
}

TEST(ConfigXml, MalformedTextIsRefusedWithItsLine) {
  EXPECT_THAT(xmlError("<clusterkit>\n<node>\n</clusterkit>"), HasSubstr("c.xml:3: is no XML"));
  EXPECT_THAT(xmlError("<clusterkit>\n<node>"), HasSubstr("is no XML"));
  EXPECT_THAT(xmlError("[node]\nid = 1\n"), HasSubstr("c.xml:1: is no XML"));
  EXPECT_THAT(xmlError("<clusterkit><node><id>&nbsp;</id></node></clusterkit>"), HasSubstr("c.xml:1: "));
  EXPECT_THAT(xmlError("<clusterkit/><clusterkit/>"), HasSubstr("is no XML"));
}

TEST(ConfigXml, DocumentTypesAndEntitiesAreRefused) {
  EXPECT_EQ(xmlError("<!DOCTYPE clusterkit SYSTEM \"file:///etc/passwd\"><clusterkit/>"),
            "c.xml:1: a document type (DTD) is not allowed");
  EXPECT_EQ(xmlError("<!DOCTYPE c [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"
                     "<clusterkit><node><id>&x;</id></node></clusterkit>"),
            "c.xml:1: a document type (DTD) is not allowed");
  std::string bomb = "<!DOCTYPE c [<!ENTITY a0 \"aaaaaaaaaa\">";
  for (int i = 1; i < 12; ++i) {
    const std::string inner = "&a" + std::to_string(i - 1) + ";";
    bomb += "<!ENTITY a" + std::to_string(i) + " \"" + inner + inner + inner + inner + inner + inner + inner +
            "\">";
  }
  EXPECT_EQ(xmlError(bomb + "]><clusterkit><node><id>&a11;</id></node></clusterkit>"),
            "c.xml:1: a document type (DTD) is not allowed");
}

TEST(ConfigXml, NestingOfTwoHundredThousandElementsIsAnErrorNotACrash) {
  std::string deep = "<clusterkit>";
  for (int i = 0; i < 200'000; ++i) deep += "<a>";
  EXPECT_EQ(xmlError(deep), "c.xml:1: element 'a' inside of a key; allowed: text");
  for (int i = 0; i < 200'000; ++i) deep += "</a>";
  EXPECT_EQ(xmlError(deep + "</clusterkit>"), "c.xml:1: element 'a' inside of a key; allowed: text");
}

TEST_F(ConfigFile, BytesThatAreNoTextAreRefusedWithTheirLine) {
  EXPECT_THAT(fileError("a.ini", std::string("[node]\nid = \0x\n", 14)),
              HasSubstr("a.ini:2: holds a zero byte"));
  EXPECT_THAT(fileError("a.ini", "[node]\nid = \xff\n"), HasSubstr("a.ini:2: is not UTF-8: 'id = \\xff'"));
  EXPECT_THAT(fileError("a.ini", "[node]\nid = \x1b[31m\n"), HasSubstr("a.ini:2: holds a control character"));
  EXPECT_THAT(fileError("a.xml", std::string("<\0c\0>\0", 6)), HasSubstr("a.xml:1: holds a zero byte"));
  EXPECT_THAT(fileError("a.ini",
                        "\x7f"
                        "ELF\x01"),
              HasSubstr("a.ini:1: holds a control character"));
}

TEST_F(ConfigFile, FilesThatAreNoneAreRefused) {
  EXPECT_THAT(fileError("a.ini", ""), HasSubstr("a.ini: is empty"));
  EXPECT_THAT(fileError("a.ini", "\xEF\xBB\xBF \n"), HasSubstr("a.ini: is empty"));
  EXPECT_THAT(fileError("a.ini", "; nothing\n"), HasSubstr("a.ini: there is no section in it"));
  EXPECT_THAT(fileError("a.yaml", "[node]\n"), HasSubstr("has the ending '.yaml'; allowed: .ini or .xml"));
  EXPECT_THAT(fileError("a.ini", std::string(1024 * 1024 + 1, '#')),
              HasSubstr("is too large; allowed: at most 1MiB"));
  EXPECT_THAT(errorOf([&] { readConfigFile(folder_ / "none.ini", {}); }),
              HasSubstr("none.ini: cannot be opened: No such file"));
  fs::create_directory(folder_ / "folder.ini");
  EXPECT_THAT(errorOf([&] { readConfigFile(folder_ / "folder.ini", {}); }), HasSubstr("is a folder"));
  ASSERT_EQ(::mkfifo((folder_ / "pipe.ini").c_str(), 0600), 0);
  EXPECT_THAT(errorOf([&] { readConfigFile(folder_ / "pipe.ini", {}); }), HasSubstr("is no regular file"));
}

TEST_F(ConfigFile, ByteOrderMarkAndLargestFileAreTaken) {
  EXPECT_EQ(readConfigFile(write("a.ini", "\xEF\xBB\xBF[node]\n"), {}).size(), 1u);
  std::string large = "[node]\n";
  large.resize(1024 * 1024, '#');
  EXPECT_EQ(readConfigFile(write("b.ini", large), {}).size(), 1u);
}

TEST_F(ConfigFile, EnvironmentIsSubstitutedInValues) {
  const auto path = write("a.ini", "[store]\nkey = <${env:A}-${env:B}>\nplain = $${env:A} $A ${A}\n");
  const auto sections = readConfigFile(path, {{"A", "1"}, {"B", ""}});
  EXPECT_EQ(sections[0].values.at("key").text, "<1->");
  EXPECT_EQ(sections[0].values.at("plain").text, "${env:A} $A ${A}");
  EXPECT_THAT(errorOf([&] {
                readConfigFile(path, {{"A", "1"}});
              }),
              HasSubstr("a.ini:2: [store] key: environment variable 'B' is not set"));
  EXPECT_THAT(fileError("b.ini", "[store]\nkey = ${env:A\n"), HasSubstr("${env: without its closing }"));
}

TEST_F(ConfigFile, ASubstitutedValueIsNotSubstitutedAgain) {
  const auto sections = readConfigFile(write("a.ini", "[store]\nkey = ${env:A}\n"), {{"A", "${env:A}"}});
  EXPECT_EQ(sections[0].values.at("key").text, "${env:A}");
}

}  // namespace
}  // namespace clusterkit
