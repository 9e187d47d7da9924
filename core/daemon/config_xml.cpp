// A SAX reader: a document tree of 200,000 nested elements overflows the stack when it is freed, events do
// not.
#include <Poco/Exception.h>
#include <Poco/SAX/Attributes.h>
#include <Poco/SAX/DefaultHandler.h>
#include <Poco/SAX/LexicalHandler.h>
#include <Poco/SAX/Locator.h>
#include <Poco/SAX/SAXException.h>
#include <Poco/SAX/SAXParser.h>

#include <algorithm>
#include <optional>

#include "daemon/config_file.hpp"
#include "daemon/section_builder.hpp"
#include "host/text.hpp"

namespace clusterkit {
namespace {

constexpr int kMaxDepth =
    8;  // deeper than anything that is allowed, so that the message can still be a good one

// Keeps the first error: an exception must not pass through the C frames of the parser underneath.
class ConfigHandler : public Poco::XML::DefaultHandler, public Poco::XML::LexicalHandler {
 public:
  explicit ConfigHandler(const std::string& file) : builder_(file) {}

  SectionBuilder& builder() { return builder_; }
  const std::optional<ConfigError>& firstError() const { return error_; }

  void setDocumentLocator(const Poco::XML::Locator* locator) override { locator_ = locator; }

  void startElement(const Poco::XML::XMLString&, const Poco::XML::XMLString&,
                    const Poco::XML::XMLString& name, const Poco::XML::Attributes& attributes) override {
    ++depth_;
    guarded([&] { start(name, attributes); });
  }

  void endElement(const Poco::XML::XMLString&, const Poco::XML::XMLString&,
                  const Poco::XML::XMLString& name) override {
    if (depth_ == 3) guarded([&] { builder_.add(name, std::string(trimmed(text_)), keyLine_); });
    --depth_;
  }

  void characters(const Poco::XML::XMLChar text[], int start, int length) override {
    const std::string_view part(text + start, static_cast<std::size_t>(length));
    if (depth_ == 3 && !error_) {
      text_ += part;
    } else if (!trimmed(part).empty()) {
      guarded([&] { builder_.fail(line(), inQuotes(trimmed(part)) + " stands outside of a key's element"); });
    }
  }

  void startDTD(const Poco::XML::XMLString&, const Poco::XML::XMLString&,
                const Poco::XML::XMLString&) override {
    guarded([&] { builder_.fail(line(), "a document type (DTD) is not allowed"); });
  }
  void skippedEntity(const Poco::XML::XMLString& name) override {
    guarded([&] { builder_.fail(line(), "entity " + inQuotes(name) + " is not allowed"); });
  }
  void processingInstruction(const Poco::XML::XMLString& target, const Poco::XML::XMLString&) override {
    guarded([&] { builder_.fail(line(), "processing instruction " + inQuotes(target) + " is not allowed"); });
  }
  void endDTD() override {}
  void startEntity(const Poco::XML::XMLString&) override {}
  void endEntity(const Poco::XML::XMLString&) override {}
  void startCDATA() override {}
  void endCDATA() override {}
  void comment(const Poco::XML::XMLChar[], int, int) override {}

 private:
  template <class F>
  void guarded(F&& call) {
    if (error_) return;
    try {
      call();
    } catch (const ConfigError& e) {
      error_ = e;
    }
  }

  std::size_t line() const {
    return locator_ != nullptr ? static_cast<std::size_t>(locator_->getLineNumber()) : 0;
  }

  void start(const std::string& name, const Poco::XML::Attributes& attributes) {
    if (depth_ > kMaxDepth) builder_.fail(line(), "elements are nested deeper than 8");
    if (depth_ > 3) builder_.fail(line(), "element " + inQuotes(name) + " inside of a key; allowed: text");
    if (depth_ == 1 && name != "clusterkit")
      builder_.fail(line(), "the root element is " + inQuotes(name) + "; allowed: 'clusterkit'");
    std::string instance;
    for (int i = 0; i < attributes.getLength(); ++i) {
      if (depth_ != 2 || attributes.getQName(i) != "name") {
        builder_.fail(line(), "attribute " + inQuotes(attributes.getQName(i)) + " of element " +
                                  inQuotes(name) + "; allowed: 'name' on a section such as sink");
      }
      instance = attributes.getValue(i);
      if (instance.empty()) builder_.fail(line(), "element " + inQuotes(name) + " has an empty name");
    }
    if (depth_ == 2) builder_.open(name, instance, line());
    if (depth_ == 3) {
      text_.clear();
      keyLine_ = line();
    }
  }

  SectionBuilder builder_;
  std::optional<ConfigError> error_;
  const Poco::XML::Locator* locator_ = nullptr;
  int depth_ = 0;
  std::string text_;
  std::size_t keyLine_ = 0;
};

}  // namespace

std::vector<ConfigSection> parseXml(std::string_view text, const std::string& file) {
  ConfigHandler handler(file);
  Poco::XML::SAXParser parser;
  parser.setFeature(Poco::XML::XMLReader::FEATURE_NAMESPACES, false);
  parser.setFeature(Poco::XML::XMLReader::FEATURE_NAMESPACE_PREFIXES, true);
  parser.setFeature(Poco::XML::XMLReader::FEATURE_EXTERNAL_GENERAL_ENTITIES, false);
  parser.setFeature(Poco::XML::XMLReader::FEATURE_EXTERNAL_PARAMETER_ENTITIES, false);
  parser.setContentHandler(&handler);
  parser.setErrorHandler(nullptr);
  parser.setProperty(Poco::XML::XMLReader::PROPERTY_LEXICAL_HANDLER,
                     static_cast<Poco::XML::LexicalHandler*>(&handler));
  std::optional<ConfigError> malformed;
  try {
    parser.parseMemoryNP(text.data(), text.size());
  } catch (const Poco::XML::SAXParseException& e) {
    malformed.emplace(handler.builder().at(static_cast<std::size_t>(std::max(e.getLineNumber(), 0))) +
                      ": is no XML: " + oneLine(e.message()));
  } catch (const Poco::Exception& e) {
    malformed.emplace(file + ": is no XML: " + oneLine(e.displayText()));
  }
  if (handler.firstError()) throw *handler.firstError();  // it came first
  if (malformed) throw *malformed;
  return handler.builder().finish();
}

}  // namespace clusterkit
