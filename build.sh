#!/usr/bin/env bash
# Builds, tests and demonstrates CoreEngine: ./build.sh [demo|test|bench|check] [arguments...]
set -euo pipefail
cd "$(dirname "$0")"
dotnet build CoreEngine.sln -c Release --nologo -v q
