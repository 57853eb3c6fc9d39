# cardea_add_provider(NAME SOURCE...): one provider plugin, a shared object that exports one symbol.
# The same file is installed for authors outside this tree (find_package(cardea)).
function(cardea_add_provider name)
  add_library(${name} MODULE ${ARGN})
  set_target_properties(${name} PROPERTIES
    PREFIX "" C_VISIBILITY_PRESET hidden C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
  target_link_libraries(${name} PRIVATE cardea::provider)
  target_link_options(${name} PRIVATE -Wl,-z,defs -Wl,--as-needed)
endfunction()
