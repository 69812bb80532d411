internal import Foundation

/// How many cases a test tries that damages files or makes texts up: what the environment variable `TINYLORA_FUZZ_CASES` says,
/// `usual` otherwise. 100,000 of every reader take some minutes.
public func fuzzCases(_ usual: Int) -> Int {
    ProcessInfo.processInfo.environment["TINYLORA_FUZZ_CASES"].flatMap { Int($0) } ?? usual
}

/// A directory with files of real models whose damaged copies are to be read: the environment variable `TINYLORA_FUZZ_FILES`.
/// Nothing of it is changed.
public let fuzzFiles = ProcessInfo.processInfo.environment["TINYLORA_FUZZ_FILES"]
