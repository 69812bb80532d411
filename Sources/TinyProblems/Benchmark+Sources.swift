/// Where a published file comes from: a path in a GitHub repository at one commit, so that its bytes are known.
public struct PublishedFile: Sendable, Hashable {
    /// Where it goes below a data directory.
    public let location: String
    /// Repository, commit and path, as `raw.githubusercontent.com` has them.
    public let source: String
    /// Size in bytes.
    public let byteCount: Int
    /// 64 digits.
    public let sha256: String
}

extension Benchmark {
    /// The published files of this set; empty for a set that is not published in this form.
    ///
    /// Every file is read as it is; ``fields`` knows its keys.
    public var published: [PublishedFile] { publishedFiles.filter { $0.location.hasPrefix(folder + "/") } }

    private var folder: String { String(location.prefix { $0 != "/" }) }
}

private let gsm8k = "openai/grade-school-math/3101c7d5072418e28b9008a6636bde82a006892c/grade_school_math/data"
private let qwen = "QwenLM/Qwen2.5-Math/a45202bd16f1ec06f433442dc1152d0074773465/evaluation/data"

private let publishedFiles = [
    PublishedFile(
        location: "gsm8k/test.jsonl", source: "\(gsm8k)/test.jsonl", byteCount: 749_738,
        sha256: "3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14"),
    PublishedFile(
        location: "gsm8k/train.jsonl", source: "\(gsm8k)/train.jsonl", byteCount: 4_166_206,
        sha256: "17f347dc51477c50d4efb83959dbb7c56297aba886e5544ee2aaed3024813465"),
    PublishedFile(
        location: "math500/test.jsonl",
        source: "ZubinGou/math-evaluation-harness/db77bc6bb2a17c90ed2d63e88ebd8c40a82858c5/data/math_oai/test.jsonl",
        byteCount: 446_564, sha256: "35dc41080a3680858b27fa7e0533d2d547825316fc5dafe5d316f4ccc5a06132"),
    PublishedFile(
        location: "aime24/test.jsonl", source: "\(qwen)/aime24/test.jsonl", byteCount: 156_944,
        sha256: "af2b8bd2aa911b6333ad0df32f3ca05c7ae8ed10f1731f4372c8ae26990bf7ac"),
    PublishedFile(
        location: "aime25/test.jsonl",
        source: "NVIDIA/NeMo-Skills/0b012df8a09cd4730d31b16e90a0d8f13d145fb8/nemo_skills/dataset/aime25/test.txt",
        byteCount: 61_949, sha256: "b672f9c6660b68dd42f5fc705b17405f24eaa9991c98991d63463c6b683468a8"),
    PublishedFile(
        location: "amc23/test.jsonl", source: "\(qwen)/amc23/test.jsonl", byteCount: 27_631,
        sha256: "43707e1ca784602d8479de24ee8ce36609dbebc46dd152b0b12a46611aa898a4"),
    PublishedFile(
        location: "minerva_math/test.jsonl", source: "\(qwen)/minerva_math/test.jsonl", byteCount: 247_267,
        sha256: "0e656b430d3a0a1dab6aa853f453ba3805e28e2cabe4fc72486a897cc09d8ba2"),
    PublishedFile(
        location: "olympiadbench/test.jsonl", source: "\(qwen)/olympiadbench/test.jsonl", byteCount: 1_493_870,
        sha256: "bb8c1e38a16ea9eacb77530315a674d883f267fbff79183effc53681b4fcc416"),
]
