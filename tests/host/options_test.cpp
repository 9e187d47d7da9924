// Sections against schemas: what is handed to a plugin, and what a wrong line says.
#include "host/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <clusterkit/plugin.hpp>

#include <functional>

#include "support/temp_dir.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr ck_option kRows[] = {requiredOption("path", CK_TYPE_PATH, "Where it goes"),
                               option("count", CK_TYPE_INT, "3", "How many", 1, 10),
                               option("wait", CK_TYPE_DURATION, "2s", "How long", 1'000'000, 60'000'000'000),
                               option("room", CK_TYPE_SIZE, "1MiB", "How much"),
                               option("loud", CK_TYPE_BOOL, "false", "Whether to shout"),
                               choiceOption("mode", "fast|safe", "safe", "Which way"),
                               option("args", CK_TYPE_LIST, nullptr, "What else"),
                               option("key", CK_TYPE_SECRET, nullptr, "The password"),
                               option("note", CK_TYPE_STRING, nullptr, "Anything"),
                               endOfOptions};

ConfigSection sectionOf(std::initializer_list<std::pair<const char*, const char*>> values) {
  ConfigSection section{"sink", "audit", "c.ini:1", {}};
  std::size_t line = 2;
  for (const auto& [key, text] : values) section.values[key] = {text, "c.ini:" + std::to_string(line++)};
  return section;
}

CheckedOptions check(std::initializer_list<std::pair<const char*, const char*>> values) {
  return CheckedOptions(sectionOf(values), optionRows(kRows, sizeof(ck_option)),
                        {"/etc/ck", "/var/ck", {"plugin"}, UnknownKeys::Refuse});
}

std::string errorOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const ConfigError& e) {
    EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos);
    return e.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

std::string errorOf(std::initializer_list<std::pair<const char*, const char*>> values) {
  return errorOf([&] { check(values); });
}

TEST(Options, DefaultsAndGivenValuesAreTyped) {
  const auto options = check({{"path", "a/../b"}, {"wait", "1500ms"}, {"args", "x, \"y, z\""}});
  EXPECT_EQ(options.text("path"), "/etc/ck/b");
  EXPECT_EQ(options.number("count"), 3);
  EXPECT_EQ(options.duration("wait"), 1500ms);
  EXPECT_EQ(options.number("room"), 1 << 20);
  EXPECT_FALSE(options.flag("loud"));
  EXPECT_EQ(options.text("mode"), "safe");
  EXPECT_THAT(options.list("args"), ElementsAre("x", "y, z"));
  EXPECT_FALSE(options.has("key"));
  EXPECT_EQ(options.text("note"), "");
  EXPECT_EQ(options.origin("wait"), "c.ini:3");
  EXPECT_EQ(options.origin("count"), "c.ini:1");
  EXPECT_THROW(options.text("undeclared"), std::logic_error);
}

TEST(Options, ThePluginSeesTheSameThroughTheTable) {
  auto first = check({{"path", "/p"}, {"args", "a,b"}, {"key", "hush"}, {"loud", "yes"}});
  const ck_config config = first.config();
  const CheckedOptions moved = std::move(first);
  EXPECT_EQ(config.size, sizeof(ck_config));
  EXPECT_STREQ(config.instance, "audit");
  EXPECT_STREQ(config.data_dir, "/var/ck");
  EXPECT_STREQ(config.str(config.cx, "path"), "/p");
  EXPECT_STREQ(config.str(config.cx, "key"), "hush");
  EXPECT_EQ(config.str(config.cx, "note"), nullptr);
  EXPECT_EQ(config.str(config.cx, "undeclared"), nullptr);
  EXPECT_EQ(config.str(config.cx, nullptr), nullptr);
  EXPECT_EQ(config.num(config.cx, "wait"), 2'000'000'000);
  EXPECT_EQ(config.num(config.cx, "loud"), 1);
  EXPECT_EQ(config.num(config.cx, "undeclared"), 0);
  EXPECT_EQ(config.count(config.cx, "args"), 2u);
  EXPECT_STREQ(config.item(config.cx, "args", 1), "b");
  EXPECT_EQ(config.item(config.cx, "args", 2), nullptr);
  EXPECT_EQ(config.count(config.cx, "undeclared"), 0u);
}

TEST(Options, AnUnnamedSectionIsItsOwnInstance) {
  const CheckedOptions options({"store", "", "", {}}, {}, {});
  EXPECT_STREQ(options.config().instance, "store");
}

TEST(Options, EachFaultIsOneLineWithOriginKeyValueAndWhatIsAllowed) {
  EXPECT_EQ(errorOf({{"path", "/p"}, {"count", "11"}}),
            "c.ini:3: [sink.audit] count = '11': is out of range; allowed: a whole number, 1 to 10");
  EXPECT_EQ(errorOf({{"path", "/p"}, {"count", "many"}}),
            "c.ini:3: [sink.audit] count = 'many': is no number; allowed: a whole number, 1 to 10");
  EXPECT_EQ(errorOf({{"path", "/p"}, {"wait", "2"}}),
            "c.ini:3: [sink.audit] wait = '2': is no duration; allowed: a duration with unit (ns, us, ms, s, "
            "m, h), "
            "1ms to 1m");
  EXPECT_THAT(errorOf({{"path", "/p"}, {"room", "-1B"}}), HasSubstr("is no size; allowed: a size with unit"));
  EXPECT_THAT(errorOf({{"path", "/p"}, {"loud", "TRUE"}}), HasSubstr("is neither true nor false"));
  EXPECT_EQ(
      errorOf({{"path", "/p"}, {"mode", "saef"}}),
      "c.ini:3: [sink.audit] mode = 'saef': is unknown, did you mean 'safe'?; allowed: one of fast, safe");
  EXPECT_THAT(errorOf({{"path", ""}}), HasSubstr("path = '': is empty"));
  EXPECT_THAT(errorOf({{"path", "/p"}, {"args", "a,\"b"}}), HasSubstr("without its closing quote"));
  EXPECT_THAT(errorOf({{"path", "/p"}, {"args", "\"a\" b"}}),
              HasSubstr("between a closing quote and the next comma"));
  EXPECT_EQ(errorOf({}),
            "c.ini:1: [sink.audit] key 'path' is missing (Where it goes); allowed: a path, relative to "
            "the folder of the config file");
  EXPECT_THAT(errorOf({{"path", "/p"}, {"count", "1\n2"}}), HasSubstr("count = '1\\x0a2'"));
}

TEST(Options, AnUnknownKeyNamesTheNearestOneAndHidesItsValueBesideSecrets) {
  EXPECT_EQ(errorOf({{"path", "/p"}, {"kye", "hush"}}),
            "c.ini:3: [sink.audit] kye: unknown key, did you mean 'key'?; allowed: args, count, key, "
            "key_file, loud, mode, "
            "note, path, plugin, room, wait");
  EXPECT_NO_THROW(check({{"path", "/p"}, {"plugin", "script"}})) << "the host reads this one itself";
}

class SecretFiles : public testing::Test {
 protected:
  CheckedOptions from(std::initializer_list<std::pair<const char*, const char*>> values) {
    return CheckedOptions(sectionOf(values), optionRows(kRows, sizeof(ck_option)),
                          {folder_.path(), "/var/ck", {}, UnknownKeys::Refuse});
  }
  test::TempDir folder_;
};

TEST_F(SecretFiles, ASecretMayStandInAFileBesideTheConfiguration) {
  folder_.write("pass", "hush hush\r\n\n");
  EXPECT_EQ(from({{"path", "/p"}, {"key_file", "pass"}}).text("key"), "hush hush");
}

TEST_F(SecretFiles, NoMessageEverShowsASecret) {
  folder_.write("pass", "hush");
  const std::string both = errorOf([&] { from({{"path", "/p"}, {"key", "quiet"}, {"key_file", "pass"}}); });
  EXPECT_EQ(both, "c.ini:4: [sink.audit] key_file = 'pass': both key and key_file are set");
  EXPECT_THAT(errorOf([&] { from({{"path", "/p"}, {"key", ""}}); }), HasSubstr("key (secret): is empty"));
  const std::string late = from({{"path", "/p"}, {"key", "quiet"}}).fault("key", "is too weak").what();
  EXPECT_EQ(late, "c.ini:3: [sink.audit] key (secret): is too weak");
}

TEST_F(SecretFiles, AFileThatHoldsNoSecretIsRefused) {
  EXPECT_THAT(errorOf([&] {
                from({{"path", "/p"}, {"key_file", "none"}});
              }),
              HasSubstr("is no regular file"));
  EXPECT_THAT(errorOf([&] { from({{"path", "/p"}, {"key_file", "."}}); }), HasSubstr("is no regular file"));
  folder_.write("empty", "\n");
  EXPECT_THAT(errorOf([&] { from({{"path", "/p"}, {"key_file", "empty"}}); }), HasSubstr("is empty"));
  folder_.write("large", std::string(65 * 1024, 'x'));
  EXPECT_THAT(errorOf([&] {
                from({{"path", "/p"}, {"key_file", "large"}});
              }),
              HasSubstr("has more than 64KiB"));
}

std::string schemaFault(const ck_option& row) {
  const ck_option rows[] = {row, endOfOptions};
  try {
    optionRows(rows, sizeof(ck_option));
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "";
}

TEST(OptionRows, AnUnsoundSchemaIsRefused) {
  EXPECT_EQ(schemaFault(option("ok", CK_TYPE_INT, "1", "Help", 1, 2)), "");
  EXPECT_THAT(schemaFault(option("No", CK_TYPE_INT, "1", "Help")), HasSubstr("has a name that is not"));
  EXPECT_THAT(schemaFault(option("a", 0, nullptr, "Help")), HasSubstr("has type 0"));
  EXPECT_THAT(schemaFault(option("a", CK_TYPE_INT, nullptr, nullptr)), HasSubstr("has no help text"));
  EXPECT_THAT(schemaFault(option("a", CK_TYPE_INT, "3", "Help", 1, 2)),
              HasSubstr("default '3', which is out of range"));
  EXPECT_THAT(schemaFault(option("a", CK_TYPE_INT, nullptr, "Help", 2, 1)),
              HasSubstr("has a range from 2 to 1"));
  EXPECT_THAT(schemaFault(choiceOption("a", nullptr, nullptr, "Help")), HasSubstr("has no choices"));
  EXPECT_THAT(schemaFault(choiceOption("a", "x|y", "z", "Help")), HasSubstr("default 'z', which is unknown"));
  ck_option both = requiredOption("a", CK_TYPE_STRING, "Help");
  both.fallback = "x";
  EXPECT_THAT(schemaFault(both), HasSubstr("is required and has a default"));
  const ck_option twice[] = {option("a", CK_TYPE_INT, nullptr, "Help"),
                             option("a", CK_TYPE_INT, nullptr, "Help"), endOfOptions};
  EXPECT_THROW(optionRows(twice, sizeof(ck_option)), std::invalid_argument);
}

TEST(OptionRows, RowsOfANewerHeaderAreReadUpToWhatThisHostKnows) {
  struct LongerRow {
    ck_option known;
    std::uint64_t added;
  };
  const LongerRow rows[] = {{option("a", CK_TYPE_INT, "1", "Help"), 7},
                            {option("b", CK_TYPE_INT, "2", "Help"), 8},
                            {endOfOptions, 0}};
  const auto read = optionRows(&rows[0].known, sizeof(LongerRow));
  ASSERT_EQ(read.size(), 2u);
  EXPECT_STREQ(read[1].name, "b");
}

}  // namespace
}  // namespace clusterkit
