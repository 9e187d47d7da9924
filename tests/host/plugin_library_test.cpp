// Mapping real files: the sound ones run, each of the others is refused with one line before any of its code
// is called.
#include "host/plugin_library.hpp"

#include <clusterkit/sink.h>
#include <clusterkit/plugin.hpp>

#include "host/options.hpp"
#include "host/plugin_fixture.hpp"
#include "host/plugin_help.hpp"

namespace clusterkit {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Library : public PluginTest {
 protected:
  std::string loadRefusal(const std::string& plugin) {
    const fs::path path = put(plugin);
    const auto catalog = scan();
    const std::string why = refusalOf([&] { libraries_.load(catalog.files().at(0)); });
    const std::string start = "plugin " + fs::canonical(path).string() + " ";
    EXPECT_THAT(why, StartsWith(start));
    return why.substr(std::min(why.size(), start.size()));
  }

  // Creates one instance and destroys it again.
  ck_status create(const ck_component& component, ConfigSection section, ck_error& error) {
    const CheckedOptions options(section, optionRows(component), {"/etc", "/var", {}, UnknownKeys::Refuse});
    const ck_config config = options.config();
    ck_host host{};
    host.size = sizeof host;
    error = ck_error{};
    error.size = sizeof error;
    void* self = nullptr;
    const ck_status status = component.create(&host, &config, &self, &error);
    if (status == CK_OK) component.destroy(self);
    return status;
  }

  fs::path copies() const { return temp_.path() / "copies"; }

  PluginLibraries libraries_{copies()};
};

const ConfigSection kSection{"sink", "a", "c.ini:1", {}};

TEST_F(Library, APluginInPlainCRuns) {
  put("sound");
  const ck_component& component = libraries_.component(scan(), "sink", "sound");
  ck_error error;
  EXPECT_EQ(create(component, kSection, error), CK_OK);
}

TEST_F(Library, APluginOfTheSdkRunsAndRejectsWhatItsConfigurationSays) {
  put("counter");
  const ck_component& component = libraries_.component(scan(), "sink", "counter");
  const CheckedOptions options({"sink", "a", "", {{"limit", {"1", "c.ini:2"}}}}, optionRows(component),
                               {"/etc", "/var", {}, UnknownKeys::Refuse});
  const ck_config config = options.config();
  ck_host host{};
  void* self = nullptr;
  ck_error error{};
  error.size = sizeof error;
  ASSERT_EQ(component.create(&host, &config, &self, &error), CK_OK);
  const auto* sink = static_cast<const ck_sink_simple_1*>(component.iface(self, CK_SINK_SIMPLE_KIND));
  ASSERT_TRUE(CK_HAS(sink, deliver));
  EXPECT_EQ(component.iface(self, "clusterkit.nothing/1"), nullptr);
  ck_event event{};
  event.size = sizeof event;
  EXPECT_EQ(sink->deliver(self, &event, &error), CK_OK);
  EXPECT_EQ(sink->deliver(self, &event, &error), CK_INVALID);
  EXPECT_STREQ(error.msg, "full");
  component.destroy(self);
}

TEST_F(Library, AFailedOrThrowingCreateIsAStatusWithItsText) {
  put("create_fails");
  put("throws");
  const auto catalog = scan();
  ck_error error;
  EXPECT_EQ(create(libraries_.component(catalog, "sink", "sound"), kSection, error), CK_DENIED);
  EXPECT_STREQ(error.msg, "the door is locked");
  EXPECT_EQ(create(libraries_.component(catalog, "sink", "counter"), kSection, error), CK_NO_SPACE);
  EXPECT_STREQ(error.msg, "limit 3 is more than there is");
  EXPECT_EQ(error.os_errno, ENOSPC);
}

TEST_F(Library, ComponentsAreFoundByExactKindAndId) {
  put("counter");
  const PluginLibrary& library = libraries_.load(scan().files().at(0));
  EXPECT_NE(library.component(CK_SINK_SIMPLE_KIND, "counter"), nullptr);
  EXPECT_EQ(library.component(CK_SINK_KIND, "counter"), nullptr);
  EXPECT_EQ(library.component(CK_SINK_SIMPLE_KIND, "other"), nullptr);
}

struct Refusal {
  const char* plugin;
  const char* why;
};

class Refusals : public Library, public testing::WithParamInterface<Refusal> {};

TEST_P(Refusals, NameTheFileAndBothValues) {
  EXPECT_THAT(loadRefusal(GetParam().plugin), HasSubstr(GetParam().why));
}

INSTANTIATE_TEST_SUITE_P(
    Each, Refusals,
    testing::Values(
        Refusal{"no_entry", "does not export clusterkit_plugin_v1"},
        Refusal{"no_library_note", "has no ClusterKit note"},
        Refusal{"no_component_note", "but no component note"},
        Refusal{"broken_note", "has a note that is no JSON"},
        Refusal{"wrong_major", "is built for plugin ABI 2.0, this host has 1.0"},
        Refusal{"newer_host", "needs a newer host: plugin ABI 1.7 at least, this host has 1.0"},
        Refusal{"unknown_kind", "offers kind 'clusterkit.oracle/1', this host knows"},
        Refusal{"noted_twice", "offers 'sound' of kind 'clusterkit.sink.simple/1' twice"},
        Refusal{"other_id",
                "offers in its note: clusterkit.sink.simple/1 sound 1.0 flags 0 (writes nowhere); but in its "
                "entry: clusterkit.sink.simple/1 other 1.0"},
        Refusal{"other_version", "says version '1.0' in its note but '1.1' in its entry"},
        Refusal{"null_id", "has a null pointer as the id of component 1"},
        Refusal{"null_version", "has a null pointer as its version"},
        Refusal{"null_create", "has a null pointer as create of component 'sound'"},
        Refusal{"null_iface", "has a null pointer as iface of component 'sound'"},
        Refusal{"null_destroy", "has a null pointer as destroy of component 'sound'"},
        Refusal{"null_components", "has a null pointer as its list of components"},
        Refusal{"no_components", "has no component in its entry"},
        Refusal{"twice", "offers 'sound' of kind 'clusterkit.sink.simple/1' twice"},
        Refusal{"small_entry", "has an entry of 24 bytes, this host knows 40"},
        Refusal{"large_entry", "has an entry of 1000000 bytes, this host knows 40"},
        Refusal{"small_component", "has component 1 of 8 bytes, this host knows 80"},
        Refusal{"small_options", "options have rows of 8 bytes, this host knows 56"},
        Refusal{"unknown_option", "option 'path' has type 77, known are 1 to 9"},
        Refusal{"bad_default", "option 'path' has the default 'audit.log', which is no duration"}),
    [](const auto& test) { return std::string(test.param.plugin); });

TEST_F(Library, AFileThatChangedAfterTheCheckIsRefused) {
  const fs::path path = put("sound");
  const auto catalog = scan();
  put("counter", "sound");
  EXPECT_THAT(
      refusalOf([&] { libraries_.load(catalog.files()[0]); }),
      HasSubstr("has changed since it was checked: sha256 was " + catalog.files()[0].sha256 + ", is "));
  fs::remove(path);
  EXPECT_THAT(refusalOf([&] { libraries_.load(catalog.files()[0]); }),
              HasSubstr("cannot be opened: No such file"));
}

TEST_F(Library, AFileThatBecameWritableAfterTheCheckIsRefused) {
  const fs::path path = put("sound");
  const auto catalog = scan();
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  EXPECT_THAT(refusalOf([&] { libraries_.load(catalog.files()[0]); }),
              HasSubstr("can be written by group or others"));
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  ASSERT_EQ(::chmod(folder().c_str(), 0777), 0);
  EXPECT_THAT(refusalOf([&] { libraries_.load(catalog.files()[0]); }),
              HasSubstr("can be written by group or others"));
}

TEST_F(Library, WhatTheLoaderRefusesIsToldInItsOwnWords) {
  Bytes bytes = bytesOf(testPlugin("sound"));
  const std::string needed = "libc.so.6";
  auto at = std::search(bytes.begin(), bytes.end(), needed.begin(), needed.end());
  ASSERT_NE(at, bytes.end());
  at[3] = 'Q';
  putBytes(bytes, "lost.so");
  const auto catalog = scan();
  ASSERT_TRUE(catalog.files()[0].ok()) << catalog.files()[0].refusal;
  const std::string why = refusalOf([&] { libraries_.load(catalog.files()[0]); });
  EXPECT_THAT(why, HasSubstr("lost.so cannot be mapped: libQ.so.6: cannot open shared object file"));
  EXPECT_THAT(why, testing::Not(HasSubstr("dlerror")));
}

TEST_F(Library, ACutFileIsRefusedBeforeTheLoaderWouldDieOfIt) {
  Bytes bytes = bytesOf(testPlugin("sound"));
  bytes.resize(0x800);  // the notes are whole, the code is gone
  putBytes(bytes, "cut.so");
  EXPECT_THAT(refusalOf([&] { libraries_.load(scan().files().at(0)); }),
              HasSubstr("cut.so is damaged: a loadable segment at offset "));
}

TEST_F(Library, TheSameBytesAreMappedOnce) {
  put("sound", "one");
  put("sound", "two");
  const auto catalog = scan();
  const PluginLibrary& first = libraries_.load(catalog.files()[0]);
  EXPECT_EQ(&libraries_.load(catalog.files()[0]), &first);
  EXPECT_EQ(&libraries_.load(catalog.files()[1]), &first);
  EXPECT_EQ(libraries_.loaded().size(), 1u);
}

TEST_F(Library, OverwritingTheInstalledFileTouchesNothingThatRuns) {
  const fs::path path = put("sound");
  const ck_component& component = libraries_.component(scan(), "sink", "sound");
  std::ofstream(path, std::ios::binary | std::ios::trunc) << "no plugin any more";
  ck_error error;
  EXPECT_EQ(create(component, kSection, error), CK_OK);
  // The new version of the file lives beside the old one.
  put("other_id", "sound");
  put("counter", "sound");
  EXPECT_NE(&libraries_.component(scan(), "sink", "counter"), &component);
  EXPECT_EQ(create(component, kSection, error), CK_OK);
}

TEST_F(Library, ThePrivateCopyIsRepairedIfSomebodyTouchedIt) {
  put("sound");
  const auto catalog = scan();
  const fs::path copy = copies() / catalog.files()[0].sha256 / "sound.so";
  fs::create_directories(copy.parent_path());
  std::ofstream(copy) << "something else";
  libraries_.load(catalog.files()[0]);
  EXPECT_EQ(sha256Of(bytesOf(copy)), catalog.files()[0].sha256);
  EXPECT_EQ(fs::status(copy).permissions(), fs::perms::owner_read | fs::perms::owner_exec);
}

TEST_F(Library, TablesStayReadableAfterTheirOwnerIsGone) {
  put("sound");
  const ck_component* component = nullptr;
  {
    PluginLibraries shortLived(temp_.path() / "other-copies");
    component = &shortLived.component(scan(), "sink", "sound");
  }
  ck_error error;
  EXPECT_EQ(create(*component, kSection, error), CK_OK);
}

TEST_F(Library, WithoutACopyFolderTheInstalledFileIsMapped) {
  put("sound");
  PluginLibraries direct{fs::path()};
  EXPECT_NE(direct.load(scan().files().at(0)).entry(), nullptr);
  // The loader knows the file by its name: other bytes in the same place would be the old code.
  std::ofstream(folder() / "sound.so", std::ios::binary | std::ios::app) << "grown";
  EXPECT_THAT(refusalOf([&] { direct.load(scan().files().at(0)); }),
              HasSubstr("was not mapped: the loader returned "));
}

TEST_F(Library, ANonsenseCopyFolderIsNamed) {
  put("sound");
  temp_.write("file", "");
  PluginLibraries wrong(temp_.path() / "file");
  EXPECT_THAT(refusalOf([&] { wrong.load(scan().files().at(0)); }), HasSubstr("cannot be copied: folder "));
}

TEST_F(Library, HelpIsASampleThatTheCheckTakes) {
  put("counter");
  const std::string help = pluginHelp(libraries_.component(scan(), "sink", "counter"));
  EXPECT_THAT(help, HasSubstr("; sink.counter 2.1: counts what it is given\n"));
  EXPECT_THAT(help, HasSubstr("[sink.name]\nplugin = counter\n; Events to take (1 to 10).\n;limit = 3\n"));
  EXPECT_THAT(
      help,
      HasSubstr(
          "  <sink name=\"name\">\n    <plugin>counter</plugin>\n    <!-- Events to take (1 to 10). -->\n"
          "    <!-- <limit>3</limit> -->\n  </sink>\n"));
}

}  // namespace
}  // namespace clusterkit
