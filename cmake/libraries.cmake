# What Cardea stands on; the reasons are in core/README.md.
find_package(PkgConfig REQUIRED)
pkg_check_modules(EVENT REQUIRED IMPORTED_TARGET libevent>=2.1.12 libevent_openssl)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl>=3.0)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis>=0.14)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.88)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.14)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.35)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp>=2.5)

add_library(cardea_libraries INTERFACE)
target_link_libraries(cardea_libraries INTERFACE
  PkgConfig::EVENT PkgConfig::OPENSSL PkgConfig::YAML PkgConfig::HIREDIS PkgConfig::CURL
  PkgConfig::JANSSON PkgConfig::SQLITE PkgConfig::SECCOMP m)
