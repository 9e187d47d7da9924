// Options that cannot work are refused at the start, by one line that names them.
#include <gmock/gmock.h>

#include "script_under_test.hpp"

namespace clusterkit::script {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string refusal(ScriptUnderTest& sink, const Options& options) {
  try {
    sink.create(options);
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "accepted";
}

class Refused : public testing::Test {
 protected:
  ScriptUnderTest sink_;
  std::filesystem::path good_ = sink_.writeScript("good.sh", "#!/bin/sh\n");
};

TEST_F(Refused, ACommandThatIsNotThere) {
  EXPECT_EQ(refusal(sink_, {}), "command is missing; mode = per-event needs it");
  EXPECT_THAT(refusal(sink_, {{"command", "/no/such"}}),
              AllOf(HasSubstr("command = '/no/such': No such file"), HasSubstr("allowed is")));
}

TEST_F(Refused, ACommandThatIsNoFileOrNotExecutable) {
  EXPECT_THAT(refusal(sink_, {{"command", "/usr"}}), HasSubstr("is no regular file"));
  std::filesystem::permissions(good_, std::filesystem::perms(0644));
  EXPECT_THAT(refusal(sink_, {{"command", good_}}), HasSubstr("is not executable; allow it with chmod +x"));
}

TEST_F(Refused, ACommandThatEverybodyCouldChange) {
  std::filesystem::permissions(good_, std::filesystem::perms(0757));
  EXPECT_THAT(refusal(sink_, {{"command", good_}}), HasSubstr("everybody can write to it"));
  std::filesystem::permissions(good_, std::filesystem::perms(0755));
  std::filesystem::permissions(sink_.folder(), std::filesystem::perms(0777));
  EXPECT_THAT(refusal(sink_, {{"command", good_}}), HasSubstr("everybody can write to its folder"));
}

TEST_F(Refused, VariablesThatAreNone) {
  EXPECT_THAT(refusal(sink_, {{"command", good_}, {"env", "COLOUR"}}),
              HasSubstr("env = 'COLOUR': allowed is NAME="));
  EXPECT_THAT(refusal(sink_, {{"command", good_}, {"env", "2X=1"}}), HasSubstr("env = '2X=1'"));
  EXPECT_THAT(refusal(sink_, {{"command", good_}, {"env", "A=1,A=2"}}), HasSubstr("is set twice"));
  EXPECT_THAT(refusal(sink_, {{"command", good_}, {"env", "CLUSTERKIT_EVENT_SEQ=1"}}),
              HasSubstr("given by the node"));
}

TEST_F(Refused, AWorkingFolderThatIsNotThere) {
  EXPECT_THAT(refusal(sink_, {{"command", good_}, {"directory", "/no/such"}}),
              HasSubstr("directory = '/no/such': allowed is a folder that exists"));
}

TEST_F(Refused, OptionsOfAnotherMode) {
  EXPECT_THAT(refusal(sink_, {{"command", good_}, {"script", "x.lua"}}), HasSubstr("belongs to mode = lua"));
  EXPECT_THAT(refusal(sink_, {{"mode", "lua"}, {"command", good_}}),
              HasSubstr("has no meaning with mode = lua"));
}

TEST_F(Refused, NothingOfAScriptThatIsFine) {
  EXPECT_EQ(refusal(sink_, {{"command", good_}, {"env", "A=1"}, {"directory", "/"}}), "accepted");
}

}  // namespace
}  // namespace clusterkit::script
