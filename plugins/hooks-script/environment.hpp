// The environment a script gets: clean but for what is named here.
#pragma once

#include <clusterkit/sink.hpp>
#include <string>
#include <vector>

#include "settings.hpp"

namespace clusterkit::script {

// PATH, HOME, LANG, CLUSTERKIT_SINK, and the entries of `env`, which may replace the first three. With an
// event its main fields as CLUSTERKIT_EVENT_TYPE, _SEQ, _SUBJECT, _INDEX, _EPOCH, _ATTEMPT and _ID.
std::vector<std::string> environmentOf(const Settings& settings, const Event* event = nullptr);

std::string idText(const Event& event);  // 32 hexadecimal digits

}  // namespace clusterkit::script
