#include "http/join_handler.hpp"

#include "http/api_answers.hpp"
#include "http/join_message.hpp"
#include "http/query.hpp"

namespace clusterkit::http {
namespace {

constexpr std::size_t kLargestJoin = 256 * 1024;

}  // namespace

void JoinHandler::addTo(Router& router) {
  router.add({Method::post, "/join", kLargestJoin, [this](Call& call) { join(call); }});
}

void JoinHandler::join(Call& call) const {
  const Query none(call.request.query, {});
  JoinRequest request = parseJoinRequest(JsonBody(call.request));
  api_.join(std::move(request), clusterDeadline(),
            answerTo<JoinAccepted>(call.responder, [this](JoinAccepted accepted) {
              const auto state = api_.state();
              JoinReply reply{std::move(accepted), {}};
              for (const auto& entry : state->nodes) {
                const NodeSpec& node = entry.value->spec;
                reply.members.push_back(
                    {node.id, node.member, node.httpAddress, node.transportAddress, node.transportKey});
              }
              return jsonResponse(joinReplyBody(reply));
            }));
}

}  // namespace clusterkit::http
