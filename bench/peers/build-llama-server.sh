#!/bin/sh
# Builds llama-server for this machine's CPU from the llama.cpp source inside the npm package node-llama-cpp:
#   sh bench/peers/build-llama-server.sh [FOLDER]        default build/bench/llama-server
# Needs git, cmake and a C++ compiler, and no network. JOBS is how many compilers run at once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/../../build/bench/llama-server}
bundle=$here/../node_modules/node-llama-cpp/llama/gitRelease.bundle
mkdir -p "$folder"
if [ ! -d "$folder/source" ]; then git clone -q "$bundle" "$folder/source"; fi
cmake -S "$folder/source" -B "$folder" -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DBUILD_SHARED_LIBS=OFF -DLLAMA_BUILD_IS_DEV=OFF \
  -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_OPENSSL=OFF
cmake --build "$folder" --target llama-server -j "${JOBS:-2}"
echo "$folder/bin/llama-server"
