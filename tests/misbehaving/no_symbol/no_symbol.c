/* A library of another kind. */
int not_a_plugin(void);

__attribute__((visibility("default"))) int not_a_plugin(void)
{
    return 1;
}
