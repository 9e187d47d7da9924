#include "host/plugin_catalog.hpp"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <clusterkit/sink.h>
#include <unistd.h>

#include "host/plugin_fixture.hpp"
#include "host/plugin_list.hpp"

namespace clusterkit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Catalog : public PluginTest {
 protected:
  std::string refusedBecause(const std::string& plugin) {
    put(plugin);
    const auto catalog = scan();
    EXPECT_EQ(catalog.files().size(), 1u);
    return catalog.files().at(0).refusal;
  }
  std::string resolveRefusal(const std::string& role, const std::string& id) {
    return refusalOf([&] { scan().resolve(role, id); });
  }
};

TEST_F(Catalog, ListsEveryFileWithItsFactsAndHash) {
  put("counter");
  put("sound");
  putBytes({'x'}, "readme.txt");
  const auto catalog = scan();
  ASSERT_EQ(catalog.files().size(), 2u);
  const PluginFile& counter = catalog.files()[0];
  EXPECT_EQ(counter.path, fs::canonical(folder()) / "counter.so");
  EXPECT_TRUE(counter.ok()) << counter.refusal;
  EXPECT_EQ(counter.size, fs::file_size(testPlugin("counter")));
  EXPECT_EQ(counter.sha256.size(), 64u);
  EXPECT_THAT(catalog.ids("sink"), ElementsAre("counter", "sound"));
  EXPECT_TRUE(catalog.ids("store").empty());
}

TEST_F(Catalog, TheHashIsThatOfTheSha256sumCommand) {
  EXPECT_EQ(sha256Of(Bytes{}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256Of(Bytes{'a', 'b', 'c'}),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // More than one chunk; the value is that of `head -c 3000000 /dev/zero | sha256sum`.
  EXPECT_EQ(sha256Of(Bytes(3'000'000, 0)),
            "35bce4eae54ec8e6cc2868baa8d157914d6ae2858811b4cc0c078c94460fa26f");
}

TEST_F(Catalog, ResolvesByRoleAndId) {
  put("counter");
  const auto catalog = scan();
  const auto found = catalog.resolve("sink", "counter");
  EXPECT_EQ(found.file->path.filename(), "counter.so");
  EXPECT_EQ(found.component->kind, CK_SINK_SIMPLE_KIND);
}

TEST_F(Catalog, AnUnknownIdSaysWhatThereIsAndWhereItLooked) {
  put("counter");
  put("no_entry", "broken");
  putBytes({'x'}, "text.so");
  const std::string why = resolveRefusal("sink", "cuonter");
  EXPECT_THAT(
      why,
      HasSubstr("no sink plugin 'cuonter' was found, did you mean 'counter'?; sink plugins found: counter"));
  EXPECT_THAT(why, HasSubstr("looked in: " + fs::canonical(folder()).string()));
  EXPECT_THAT(why, HasSubstr("text.so is no ELF file"));
  EXPECT_THAT(resolveRefusal("store", "sqlite"),
              HasSubstr("no store plugin 'sqlite' was found; store plugins found: none"));
}

TEST_F(Catalog, TheSameIdInTwoFilesIsAnErrorThatNamesBoth) {
  put("counter", "one");
  put("counter", "two");
  const std::string why = resolveRefusal("sink", "counter");
  EXPECT_THAT(why, HasSubstr("sink plugin 'counter' is in two files: "));
  EXPECT_THAT(why, HasSubstr("/one.so and "));
  EXPECT_THAT(why, HasSubstr("/two.so"));
}

TEST_F(Catalog, ALinkToAFileOfTheSameFolderIsNoSecondFile) {
  put("counter");
  fs::create_symlink("counter.so", folder() / "alias.so");
  EXPECT_EQ(scan().files().size(), 1u);
  EXPECT_NO_THROW(scan().resolve("sink", "counter"));
}

TEST_F(Catalog, ALinkThatLeadsNowhereIsRefused) {
  fs::create_symlink("none.so", folder() / "alias.so");
  ASSERT_EQ(scan().files().size(), 1u);
  EXPECT_THAT(scan().files()[0].refusal, HasSubstr("cannot be opened"));
}

TEST_F(Catalog, WhatIsFoundButBrokenIsFinal) {
  put("newer_host", "a");
  EXPECT_THAT(resolveRefusal("sink", "sound"),
              HasSubstr("/a.so needs a newer host: plugin ABI 1.7 at least, this host has 1.0"));
  // A sound file behind it is not taken in its place.
  put("sound", "b");
  EXPECT_THAT(resolveRefusal("sink", "sound"), HasSubstr("is in two files"));
}

TEST_F(Catalog, RefusesFromTheNotesAloneAndNamesBothValues) {
  EXPECT_EQ(refusedBecause("wrong_major"), "is built for plugin ABI 2.0, this host has 1.0");
}

TEST_F(Catalog, RefusesAnIdThatIsNotedTwice) {
  EXPECT_EQ(refusedBecause("noted_twice"), "offers 'sound' of kind 'clusterkit.sink.simple/1' twice");
}

TEST_F(Catalog, RefusesAFileOfUnknownKindsOnly) {
  EXPECT_THAT(refusedBecause("unknown_kind"),
              HasSubstr("offers kind 'clusterkit.oracle/1', this host knows clusterkit.consensus/1, "));
}

TEST_F(Catalog, AnUnknownKindBesideAKnownOneIsNoReasonToRefuse) {
  PluginNotes notes;
  notes.library = {1, 0, 0, "l", "1"};
  notes.components = {{"clusterkit.sink/9", "a", "1", "", 0}, {CK_SINK_KIND, "a", "1", "", 0}};
  EXPECT_NO_THROW(checkNotes(notes));
  notes.components.push_back({CK_SINK_SIMPLE_KIND, "a", "1", "", 0});
  EXPECT_THROW(checkNotes(notes), PluginRefused) << "both kinds of sink share the names";
}

TEST_F(Catalog, PlacesMustExistAndBeAbsolute) {
  PluginSearch wrong = search();
  wrong.places = {"plugins"};
  EXPECT_EQ(refusalOf([&] { PluginCatalog::scan(wrong); }), "plugin path plugins is not absolute");
  wrong.places = {folder() / "none"};
  EXPECT_EQ(refusalOf([&] { PluginCatalog::scan(wrong); }),
            "plugin path " + (folder() / "none").string() + " does not exist");
  wrong.places = {};
  wrong.builtinFolder = folder() / "none";
  EXPECT_THAT(PluginCatalog::scan(wrong).places(), ElementsAre(HasSubstr("none (does not exist)")));
}

TEST_F(Catalog, APlaceMayBeOneFileAndAFolderMayBeNamedTwice) {
  const fs::path counter = put("counter");
  put("sound");
  PluginSearch one = search();
  one.places = {counter};
  EXPECT_EQ(PluginCatalog::scan(one).files().size(), 1u);
  one.places = {counter, folder(), folder() / "."};
  EXPECT_EQ(PluginCatalog::scan(one).files().size(), 2u);
}

TEST_F(Catalog, TheBuiltInFolderStandsBesideTheProgram) {
  const fs::path self = fs::read_symlink("/proc/self/exe");
  EXPECT_EQ(builtinPluginFolder(), self.parent_path().parent_path() / "lib/clusterkit/plugins");
}

TEST_F(Catalog, AFileThatOthersCanWriteIsRefused) {
  const fs::path path = put("counter");
  for (const mode_t mode : {mode_t{0664}, mode_t{0646}, mode_t{0666}}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_THAT(scan().files()[0].refusal, HasSubstr("can be written by group or others: its mode is 0"))
        << mode;
  }
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  EXPECT_TRUE(scan().files()[0].ok());
}

TEST_F(Catalog, AFolderThatOthersCanWriteIsRefusedEvenIfItIsSticky) {
  put("counter");
  for (const mode_t mode : {mode_t{0775}, mode_t{0757}, mode_t{01777}}) {
    ASSERT_EQ(::chmod(folder().c_str(), mode), 0);
    EXPECT_THAT(scan().files()[0].refusal, HasSubstr("lies in a place that is not trusted: folder ")) << mode;
  }
  ASSERT_EQ(::chmod(folder().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(temp_.path().c_str(), 0777), 0);
  EXPECT_THAT(scan().files()[0].refusal, HasSubstr("its mode is 0777")) << "a folder further up";
  ASSERT_EQ(::chmod(temp_.path().c_str(), 01777), 0);
  EXPECT_TRUE(scan().files()[0].ok()) << "a sticky folder further up is what /tmp is";
}

TEST_F(Catalog, AFileOrFolderOfAnotherUserIsRefused) {
  const fs::path path = put("counter");
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(path.c_str(), 4711, 0), 0);
  } else {
    trust_.user = ::geteuid() + 1;
  }
  EXPECT_THAT(scan().files()[0].refusal, HasSubstr("belongs to user "));
  EXPECT_THAT(scan().files()[0].refusal, HasSubstr("allowed is 0 (root)"));
  if (::geteuid() != 0) return;
  trust_.user = 4711;
  EXPECT_TRUE(scan().files()[0].ok()) << "the daemon's own user";
  trust_.user = 0;
  ASSERT_EQ(::chown(path.c_str(), 0, 0), 0);
  ASSERT_EQ(::chown(folder().c_str(), 4711, 0), 0);
  EXPECT_THAT(scan().files()[0].refusal,
              HasSubstr("folder " + fs::canonical(folder()).string() + " belongs to user 4711"));
}

TEST_F(Catalog, OnlyFilesOfTheAllowListAreTakenIfThereIsOne) {
  const Bytes counter = bytesOf(put("counter"));
  put("sound");
  trust_.allow = {"sha256:" + sha256Of(counter)};
  const auto catalog = scan();
  EXPECT_TRUE(catalog.files()[0].ok());
  EXPECT_EQ(catalog.files()[1].refusal,
            "is sha256:" + catalog.files()[1].sha256 + ", which the allow list does not name");
}

TEST_F(Catalog, APipeOrAFolderNamedLikeAPluginIsRefusedWithoutWaiting) {
  ASSERT_EQ(::mkfifo((folder() / "pipe.so").c_str(), 0600), 0);
  fs::create_directory(folder() / "folder.so");
  const auto catalog = scan();
  ASSERT_EQ(catalog.files().size(), 2u);
  for (const auto& file : catalog.files()) EXPECT_EQ(file.refusal, "is no regular file") << file.path;
}

TEST_F(Catalog, TheListNamesComponentsRefusalsAndPlaces) {
  put("counter");
  put("wrong_major");
  const std::string text = listPluginsText(scan());
  EXPECT_THAT(text, HasSubstr("sink.counter  2.1      1.0  "));
  EXPECT_THAT(text, HasSubstr("refused  " + (fs::canonical(folder()) / "wrong_major.so").string() +
                              "  is built for plugin ABI 2.0, this host has 1.0\n"));
  EXPECT_THAT(text, HasSubstr("looked in  " + fs::canonical(folder()).string() + "\nhost ABI  1.0\n"));
}

TEST_F(Catalog, TheListIsAlsoJson) {
  put("counter");
  put("wrong_major");
  putBytes({'x'}, "x.so");
  const auto root = Poco::JSON::Parser().parse(listPluginsJson(scan())).extract<Poco::JSON::Object::Ptr>();
  EXPECT_EQ(root->getValue<std::string>("host_abi"), "1.0");
  const auto plugins = root->getArray("plugins");
  ASSERT_EQ(plugins->size(), 3u);
  const auto counter = plugins->getObject(0);
  EXPECT_EQ(counter->getValue<std::string>("state"), "ok");
  EXPECT_EQ(counter->getValue<std::string>("sha256"), sha256Of(bytesOf(testPlugin("counter"))));
  EXPECT_EQ(counter->getArray("components")->getObject(0)->getValue<std::string>("id"), "counter");
  EXPECT_EQ(plugins->getObject(1)->getValue<std::string>("state"), "refused");
  EXPECT_EQ(plugins->getObject(1)->getValue<std::string>("abi"), "2.0");
  EXPECT_THAT(plugins->getObject(2)->getValue<std::string>("reason"), HasSubstr("is no ELF file"));
  EXPECT_FALSE(plugins->getObject(2)->has("components"));
}

}  // namespace
}  // namespace clusterkit
