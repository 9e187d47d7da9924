// A move-only callable. Unlike std::function it takes lambdas that own move-only things, and it keeps
// callables of up to 64 bytes inside itself, so posting work or waiting for a result normally allocates
// nothing.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace clusterkit {

template <class Signature>
class UniqueFunction;

template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}

  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction> &&
           std::is_invocable_r_v<R, std::remove_cvref_t<F>&, Args...>)  //
      UniqueFunction(F&& f) {
    using Callable = std::remove_cvref_t<F>;
    if constexpr (fitsInside<Callable>()) {
      ::new (static_cast<void*>(storage_)) Callable(std::forward<F>(f));
      operations_ = &insideOperations<Callable>;
    } else {
      ::new (static_cast<void*>(storage_)) Callable*(new Callable(std::forward<F>(f)));
      operations_ = &heapOperations<Callable>;
    }
  }

  UniqueFunction(UniqueFunction&& other) noexcept { takeFrom(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      reset();
      takeFrom(other);
    }
    return *this;
  }
  ~UniqueFunction() { reset(); }

  explicit operator bool() const { return operations_ != nullptr; }

  // Must not be empty.
  R operator()(Args... args) { return operations_->call(storage_, std::forward<Args>(args)...); }

  void reset() {
    if (operations_ != nullptr) std::exchange(operations_, nullptr)->destroy(storage_);
  }

 private:
  static constexpr std::size_t insideBytes = 64;

  struct Operations {
    R (*call)(void* storage, Args&&... args);
    void (*move)(void* from, void* to) noexcept;  // leaves `from` destroyed
    void (*destroy)(void* storage) noexcept;
  };

  template <class F>
  static constexpr bool fitsInside() {
    return sizeof(F) <= insideBytes && alignof(F) <= alignof(std::max_align_t) &&
           std::is_nothrow_move_constructible_v<F>;
  }
  template <class F>
  static F& inside(void* storage) {
    return *std::launder(reinterpret_cast<F*>(storage));
  }

  template <class F>
  static constexpr Operations insideOperations{
      [](void* s, Args&&... args) -> R { return inside<F>(s)(std::forward<Args>(args)...); },
      [](void* from, void* to) noexcept {
        ::new (to) F(std::move(inside<F>(from)));
        inside<F>(from).~F();
      },
      [](void* s) noexcept { inside<F>(s).~F(); }};
  template <class F>
  static constexpr Operations heapOperations{
      [](void* s, Args&&... args) -> R { return (*inside<F*>(s))(std::forward<Args>(args)...); },
      [](void* from, void* to) noexcept { ::new (to) F*(inside<F*>(from)); },
      [](void* s) noexcept { delete inside<F*>(s); }};

  void takeFrom(UniqueFunction& other) noexcept {
    operations_ = std::exchange(other.operations_, nullptr);
    if (operations_ != nullptr) operations_->move(other.storage_, storage_);
  }

  const Operations* operations_ = nullptr;
  alignas(std::max_align_t) std::byte storage_[insideBytes];
};

using Task = UniqueFunction<void()>;

}  // namespace clusterkit
