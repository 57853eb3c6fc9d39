# The usual places. What is run from the build tree has the same shape, so that nothing has to be told where it is.
include(CMakePackageConfigHelpers)

install(TARGETS cardea RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS cardea-jail RUNTIME DESTINATION libexec/cardea)
install(TARGETS cardea_provider EXPORT cardea)
foreach(plugin ${CARDEA_PLUGINS})
  install(TARGETS ${plugin} LIBRARY DESTINATION lib/cardea/plugins)
endforeach()
install(DIRECTORY core/include/cardea DESTINATION include)
install(DIRECTORY config/pages config/locales DESTINATION share/cardea)
install(FILES config/cardea.yaml config/demo.yaml config/cardea.schema.json DESTINATION share/cardea)
install(DIRECTORY ${CMAKE_BINARY_DIR}/share/cardea/cases DESTINATION share/cardea)
install(FILES README.md LICENSE CHANGELOG.md DESTINATION share/doc/cardea)
install(FILES deploy/man/cardea.1 DESTINATION share/man/man1)
install(FILES deploy/man/cardea.yaml.5 DESTINATION share/man/man5)
install(FILES deploy/completion/cardea.bash DESTINATION share/bash-completion/completions RENAME cardea)
install(FILES deploy/systemd/cardea.service DESTINATION lib/systemd/system)

# For authors of plugins: find_package(cardea), and pkg-config.
install(EXPORT cardea NAMESPACE cardea:: FILE cardea-targets.cmake DESTINATION lib/cmake/cardea)
install(FILES cmake/CardeaPlugin.cmake DESTINATION lib/cmake/cardea)
configure_package_config_file(cmake/cardea-config.cmake.in ${CMAKE_BINARY_DIR}/cardea-config.cmake
  INSTALL_DESTINATION lib/cmake/cardea)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/cardea-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_BINARY_DIR}/cardea-config.cmake ${CMAKE_BINARY_DIR}/cardea-config-version.cmake
  DESTINATION lib/cmake/cardea)
configure_file(cmake/cardea.pc.in ${CMAKE_BINARY_DIR}/cardea.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/cardea.pc DESTINATION lib/pkgconfig)
