import Foundation
import Testing
import TinyFoundation
import TinyTestSupport

@Suite("Atomic files")
struct AtomicFileTests {
    @Test("a file is replaced as a whole and no temporary file stays")
    func replaces() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.txt"
            try AtomicFile.write(Data("first".utf8), to: path)
            try AtomicFile.write(Data("second".utf8), to: path)
            #expect(try read(path) == Data("second".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["a.txt"])
        }
    }

    @Test("a missing directory is named")
    func missingDirectory() throws {
        try withTemporaryDirectory { directory in
            let message = description(in: directory) { try AtomicFile.write(Data(), to: directory + "/x/a.txt") }
            #expect(
                message == "cannot write DIR/x/a.txt: creating a file in DIR/x failed: No such file or directory\n"
                    + " hint: the directory does not exist")
        }
    }

    @Test("a path that leads through a file, or ends at a directory, is refused with the system's reason")
    func wrongKinds() throws {
        try withTemporaryDirectory { directory in
            try write("", to: directory + "/file")
            #expect(
                description(in: directory) { try AtomicFile.write(Data(), to: directory + "/file/a.txt") }
                    == "cannot write DIR/file/a.txt: creating a file in DIR/file failed: Not a directory")
            try AtomicFile.makeDirectory(directory + "/b")
            #expect(
                description(in: directory) { try AtomicFile.write(Data("x".utf8), to: directory + "/b") }
                    == "cannot write DIR/b: Is a directory")
            #expect(
                description(in: directory) { try AtomicFile.makeDirectory(directory + "/file") }
                    == "cannot make the directory DIR/file: File exists")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == ["b", "file"])
        }
    }

    @Test("directories are made with those above them, and may be there already")
    func directories() throws {
        try withTemporaryDirectory { directory in
            for _ in 0..<2 { try AtomicFile.makeDirectory(directory + "/a/b/c") }
            try AtomicFile.makeDirectory(directory + "/a/d/")
            try AtomicFile.write(Data("x".utf8), to: directory + "/a/b/c/file")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/a").sorted() == ["b", "d"])
        }
    }
}
