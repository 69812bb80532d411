import Foundation
import Testing
import TinyFoundation
import TinyHub
import TinyTestSupport

@Suite("Settings of the hub")
struct SettingsTests {
    @Test("come from the variables that huggingface_hub reads")
    func environment() throws {
        let plain = try HubSettings(environment: ["HF_HOME": "/home/hf"])
        #expect(plain.endpoint == "https://huggingface.co")
        #expect(plain.cache == "/home/hf/hub")
        #expect(plain.token == nil)
        #expect(!plain.isOffline)
        #expect(try HubSettings(environment: ["XDG_CACHE_HOME": "/x"]).cache == "/x/huggingface/hub")
        #expect(try HubSettings(environment: [:]).cache.hasSuffix("/.cache/huggingface/hub"))
        #expect(try HubSettings(environment: ["HF_HOME": "/h", "HF_HUB_CACHE": "/c"]).cache == "/c")
        #expect(
            try HubSettings(environment: ["HF_ENDPOINT": "http://mirror:80/hub/"]).endpoint == "http://mirror:80/hub")
        for (text, isOffline) in [("1", true), ("true", true), ("Yes", true), ("0", false), ("", false)] {
            #expect(try HubSettings(environment: ["HF_HUB_OFFLINE": text]).isOffline == isOffline)
        }
    }

    @Test("have the token of the variable, else of the file")
    func token() throws {
        try withTemporaryDirectory { home in
            try write(" hf_file\n", to: home + "/token")
            #expect(try HubSettings(environment: ["HF_HOME": home]).token == "hf_file")
            #expect(try HubSettings(environment: ["HF_HOME": home, "HF_TOKEN": "hf_variable"]).token == "hf_variable")
            #expect(try HubSettings(environment: ["HF_TOKEN_PATH": home + "/token"]).token == "hf_file")
        }
    }

    @Test("that cannot be used are refused", arguments: ["ftp://hub", "huggingface.co", "http://", "not an address"])
    func endpoint(text: String) {
        let found = description(in: "DIR") { _ = try HubSettings(environment: ["HF_ENDPOINT": text]) }
        #expect(found.contains("HF_ENDPOINT is \"\(text)\""))
    }

    @Test("have no token that would begin another header")
    func tokenWithLineFeed() {
        let found = description(in: "DIR") { _ = try HubSettings(environment: ["HF_TOKEN": "a\r\nX-Header: b"]) }
        #expect(found.contains("token"))
        #expect(!found.contains("X-Header"))
    }
}

@Suite("A repository's name")
struct RepositoryNameTests {
    @Test(
        "is owner/name in the hub's letters",
        arguments: [
            ("Qwen/Qwen2.5-0.5B-Instruct", true), ("a/b", true), ("a_b/c.d-e", true), ("name", false), ("a/b/c", false),
            ("/b", false), ("a/", false), ("../b", false), ("a/..", false), ("a/b--c", false), ("a/-b", false),
            ("a/b.git", false), ("a b/c", false), ("a/é", false), ("./models", false), ("~/models", false), ("", false),
        ])
    func names(text: String, isName: Bool) {
        #expect((RepositoryName(text) != nil) == isName)
    }

    @Test("can be told from the path of a snapshot")
    func snapshots() {
        let path = "/cache/models--Qwen--Qwen2.5-0.5B/snapshots/\(LocalHub.commit)"
        #expect(HubCache.repository(ofSnapshot: path)?.description == "Qwen/Qwen2.5-0.5B")
        #expect(HubCache.repository(ofSnapshot: path + "/")?.name == "Qwen2.5-0.5B")
        #expect(HubCache.repository(ofSnapshot: "/models/Qwen2.5-0.5B") == nil)
        #expect(HubCache.repository(ofSnapshot: "x") == nil)
    }

    @Test(
        "a path into the snapshots of any cache is told from others",
        arguments: [
            ("/cache/models--org--model/snapshots/0123", true), ("/cache/models--gpt2/snapshots/0123/deep", true),
            ("/cache/models--org--model/snapshots", true), ("/cache/models--org--model/other/../snapshots/x", true),
            ("/cache/models--org--model", false), ("/snapshots/models--org--model", false),
            ("/models/snapshots/0123", false),
        ])
    func inSnapshots(path: String, expected: Bool) {
        #expect(HubCache.isInSnapshots(path) == expected)
    }
}
