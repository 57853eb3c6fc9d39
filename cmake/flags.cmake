# Warnings, hardening and sanitizers, as one interface target each: cardea_flags for all C in the tree.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

set(CARDEA_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined")
option(CARDEA_COVERAGE "Instrument for coverage" OFF)

add_library(cardea_flags INTERFACE)
target_compile_definitions(cardea_flags INTERFACE _GNU_SOURCE)
# A bug is not an error: assertions stay in every build, CMake's release types would drop them.
target_compile_options(cardea_flags INTERFACE -UNDEBUG)
target_compile_options(cardea_flags INTERFACE
  -include ${CMAKE_SOURCE_DIR}/core/base/banned.h)

set(wanted
  -Wall -Wextra -Wformat=2 -Werror=format-security -Wimplicit-fallthrough -Wpointer-arith -Wconversion
  -Wno-sign-conversion -Wshadow -Wvla -Wundef -Wstrict-prototypes -Wmissing-prototypes
  -Wwrite-strings -Wcast-qual
  -fno-strict-overflow -fno-strict-aliasing -fno-delete-null-pointer-checks)
if(NOT CARDEA_SANITIZE)
  list(APPEND wanted -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
    -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr)
endif()
if(CARDEA_WERROR)
  list(APPEND wanted -Werror)
endif()
foreach(flag ${wanted})
  string(MAKE_C_IDENTIFIER "HAVE${flag}" have)
  check_c_compiler_flag(${flag} ${have})
  if(${have})
    target_compile_options(cardea_flags INTERFACE ${flag})
  endif()
endforeach()

if(CARDEA_SANITIZE)
  target_compile_options(cardea_flags INTERFACE
    -fsanitize=${CARDEA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(cardea_flags INTERFACE -fsanitize=${CARDEA_SANITIZE})
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_options(cardea_flags INTERFACE -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
if(CARDEA_FUZZ)
  # The library under test too: a fuzzer that sees no branches finds nothing.
  target_compile_options(cardea_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CARDEA_COVERAGE)
  target_compile_options(cardea_flags INTERFACE --coverage)
  target_link_options(cardea_flags INTERFACE --coverage)
endif()

foreach(flag relro now noexecstack separate-code)
  check_linker_flag(C "-Wl,-z,${flag}" HAVE_Z_${flag})
  if(HAVE_Z_${flag})
    target_link_options(cardea_flags INTERFACE "-Wl,-z,${flag}")
  endif()
endforeach()
target_link_options(cardea_flags INTERFACE -Wl,--as-needed)
set(CMAKE_SKIP_RPATH ON)
