set nocompatible ruler showcmd hlsearch incsearch
set background=dark backspace=indent,eol,start
set expandtab shiftwidth=4 tabstop=4
silent! syntax on
