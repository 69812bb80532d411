import Foundation
import Testing
import TinyTestSupport
import TinyCheckpoint
import TinyFoundation

@Suite("Broken safetensors files")
struct SafetensorsErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let header: String
        let dataCount: Int
        let message: String
        var testDescription: String { message }
    }

    @Test(
        "a header that lies is answered with a sentence",
        arguments: [
            Case(
                header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, dataCount: 5,
                message: "F is truncated or its header is wrong: "
                    + "it has 5 bytes after its header, expected 8, the end of a"),
            Case(
                header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}"#, dataCount: 8,
                message: "F is truncated or its header is wrong: "
                    + "it has 8 bytes after its header, expected 9223372036854775807, the end of a"),
            Case(
                header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, dataCount: 8,
                message: "a in F has the impossible byte range [8, 0]"),
            Case(
                header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, dataCount: 8,
                message: "a in F has the impossible byte range [-8, 0]"),
            Case(
                header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#, dataCount: 8,
                message: "a in F has the impossible byte range [0]"),
            Case(
                header: #"{"a":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,8]}}"#, dataCount: 8,
                message: "a in F is BF16 [2, 3], which takes 12 bytes, but its byte range holds 8"),
            Case(
                header: #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#, dataCount: 0,
                message: "a in F has the impossible shape [4611686018427387904, 4]"),
            Case(
                header: #"{"a":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}"#, dataCount: 8,
                message: "a in F has the impossible shape [-1, -2]"),
            Case(
                header: #"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"#
                    + #""b":{"dtype":"F16","shape":[2],"data_offsets":[2,6]}}"#, dataCount: 6,
                message: "b in F overlaps another tensor: it begins at byte 117, expected 119"),
            Case(
                header: #"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"#
                    + #""b":{"dtype":"F16","shape":[2],"data_offsets":[6,10]}}"#, dataCount: 10,
                message: "b in F leaves a gap before it: it begins at byte 122, expected 120"),
            Case(
                header: #"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#, dataCount: 7,
                message: "F has 69 bytes, but its last tensor ends at 66"),
            Case(
                header: #"{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"#
                    + #""a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}"#, dataCount: 2,
                message: #"the header of F has "a" twice, the second time in line 1, column 55"#),
            Case(
                header: #"{"a":{"dtype":"F16","shape":[0],"data_offsets":[0,0]},"#
                    + #""\u0061":{"dtype":"F16","shape":[0],"data_offsets":[0,0]}}"#, dataCount: 0,
                message: #"the header of F has "a" twice, the second time in line 1, column 55"#),
            Case(
                header: #"{"a":{"dtype":"F16","dtype":"BF16","shape":[1],"data_offsets":[0,2]}}"#, dataCount: 2,
                message: #"a in the header of F has "dtype" twice, the second time in line 1, column 21"#),
            Case(
                header: String(repeating: "[", count: 100_000), dataCount: 0,
                message: "the header of F is not valid JSON: line 1, column 257: nested more than 256 levels deep"),
            Case(
                header: #"{"a":{"shape":[2],"data_offsets":[0,4]}}"#, dataCount: 4,
                message: #"a in the header of F has no "dtype""#),
            Case(
                header: #"{"a":{"dtype":"F16","shape":"2","data_offsets":[0,4]}}"#, dataCount: 4,
                message: #"a.shape in the header of F is "2", expected an array"#),
            Case(
                header: #"{"a":"#, dataCount: 4,
                message: "the header of F is not valid JSON: line 1, column 6: the text ends where a value is expected"),
        ])
    func headers(of wrong: Case) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/F"
            try write(safetensors(header: wrong.header, dataCount: wrong.dataCount), to: path)
            #expect(
                description(in: directory) { _ = try SafetensorsFile(path: path) }
                    .replacingOccurrences(of: "DIR/", with: "") == wrong.message)
        }
    }

    @Test("a truncated file is told by both sizes, wherever it was cut")
    func truncation() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.safetensors"
            try SafetensorsWriter.write(smallTensors, metadata: [:], to: path)
            let whole = try read(path)
            let dataStart = whole.count - 72
            for count in 0..<whole.count {
                try write(whole.prefix(count), to: path)
                let message = description(in: directory) { _ = try SafetensorsFile(path: path) }
                #expect(message.hasPrefix("DIR/a.safetensors is truncated"), "\(count) bytes: \(message)")
                let told = count < dataStart ? count : count - dataStart
                #expect(message.contains(" \(told) bytes"), "\(count) bytes: \(message)")
            }
        }
    }

    /// Of those names a safetensors header knows no size, so that a shape is not compared with its bytes.
    @Test("types of ggml's blocks are read from GGUF files only", arguments: ["Q4_0", "Q8_0", "Q6_K", "IQ4_NL"])
    func blocks(type: String) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.safetensors"
            let header = #"{"a":{"dtype":"\#(type)","shape":[8,4],"data_offsets":[0,3400]}}"#
            try write(safetensors(header: header, dataCount: 3400), to: path)
            let file = try SafetensorsFile(path: path)
            let error = #expect(throws: CheckpointError.self) { try file.tensor("a") }
            #expect(error?.code == .unsupportedType)
            #expect(
                error?.message.replacingOccurrences(of: directory, with: "DIR")
                    == "a is stored as \(type) in DIR/a.safetensors, expected F32, BF16 or F16")
        }
    }

    @Test("a file of another kind is recognised")
    func otherKinds() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/model.safetensors"
            func message() -> String { description(in: directory) { _ = try SafetensorsFile(path: path) } }
            #expect(message() == "cannot read DIR/model.safetensors: No such file or directory")
            try write(Data(), to: path)
            #expect(
                message()
                    == "DIR/model.safetensors is truncated: it has 0 bytes, and the length of its header alone takes 8")
            try write("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", to: path)
            #expect(
                message() == "DIR/model.safetensors is a Git LFS pointer, not the file itself\n"
                    + " hint: `git lfs pull` fetches the file")
            #expect(
                description(in: directory) { _ = try SafetensorsFile(path: directory) }
                    == "DIR is a directory, expected a file")
        }
    }

    /// A mutated file must be refused with a `CheckpointError`, or open and be readable to the last byte.
    @Test("random damage never traps", arguments: 0..<8)
    func damage(seed: Int) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.safetensors"
            try SafetensorsWriter.write(smallTensors, metadata: ["format": "pt"], to: path)
            let whole = [UInt8](try read(path))
            let headerEnd = whole.count - 72
            let interesting = Array("0123456789-{}[]\":,\\e. ".utf8) + [0, 0xFF, 0xC3]
            var stream = RandomStream(.bootstrap, seed: UInt64(seed))
            var refused = 0
            let cases = fuzzCases(2400) / 8
            for _ in 0..<cases {
                var bytes = whole
                for _ in 0...stream.below(4) {
                    let position = stream.below(headerEnd)
                    switch stream.below(3) {
                    case 0: bytes[position] = stream.pick(interesting)
                    case 1: bytes.insert(stream.pick(interesting), at: position)
                    default: bytes.remove(at: position)
                    }
                }
                if stream.below(2) == 0 { mendLength(&bytes, by: bytes.count - whole.count) }
                try write(Data(bytes), to: path)
                do {
                    let file = try SafetensorsFile(path: path)
                    for (name, record) in file.tensors where record.type != nil {
                        #expect(try file.tensor(name).floats().count == record.shape.reduce(1, *))
                    }
                } catch is CheckpointError {
                    refused += 1
                }
            }
            #expect(refused > cases / 3)
        }
    }

    /// Makes the header's length agree with a changed file, so that damage also reaches what lies behind that check.
    private func mendLength(_ bytes: inout [UInt8], by growth: Int) {
        let length = Int(bytes[0]) + Int(bytes[1]) << 8 + growth
        bytes[0] = UInt8(truncatingIfNeeded: length)
        bytes[1] = UInt8(truncatingIfNeeded: length >> 8)
    }
}
