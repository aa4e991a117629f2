# Start file of a shell in the sandbox: the operator's own, and then a prompt that names the sandbox. The variables
# are those that `tv sandbox shell` sets.
tv_directory=${TV_SANDBOX_DIR:?}
tv_environment=${TV_ENVIRONMENT:?}
# shellcheck source=/dev/null
[ ! -f ~/.bashrc ] || . ~/.bashrc
# It may have put other directories first.
PATH=$tv_directory/bin:$PATH
PS1="($tv_environment) $PS1"
unset tv_directory tv_environment
