// swift-tools-version: 6.0
import PackageDescription

// C libraries that are linked are found by pkg-config; `make setup` installs them from Debian's packages.
func system(_ name: String, _ pkgConfig: String, _ apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

// What spends its time in the modules that it calls: optimising it would take a minute of every build. The module and its
// code are made at once, which is the default where code is optimised.
let plain: [SwiftSetting] = [.unsafeFlags(["-Onone", "-no-emit-module-separately-wmo"])]

// Swift's library inside the program: to load it as a shared one takes 5 ms of every start. The libraries
// are those that Foundation of Swift 6.3 stands on, and lld is the toolchain's own: where a program does not link with
// another Swift, look here.
let swiftLinkedIn: [LinkerSetting] = [
    .unsafeFlags(["-static-stdlib", "-use-ld=lld"]), .linkedLibrary("CoreFoundation"), .linkedLibrary("_FoundationICU"),
    .linkedLibrary("_FoundationCShims"), .linkedLibrary("_FoundationCollections"), .linkedLibrary("stdc++"),
]

let package = Package(
    name: "lavise-pipeline",
    products: [
        .executable(name: "lavise-pipeline", targets: ["lavise-pipeline"]),
        .library(name: "Engine", targets: ["Engine", "Fingerprints"]),
        .library(name: "LaViSE", targets: ["LaViSE", "Networks", "Datasets", "Imaging", "HDF5", "Tensors"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
    ],
    targets: [
        // Its header alone, as of what is loaded by CLibrary: libopenblas-dev.
        .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
        system("CJPEG", "libjpeg", "libjpeg-dev"),
        system("CPNG", "libpng", "libpng-dev"),
        system("CZip", "libzip", "libzip-dev"),
        system("CCrypto", "libcrypto", "libssl-dev"),

        // Loaded when first called, which a short verb does not: libhdf5-dev, libcurl4-openssl-dev, libmicrohttpd-dev and,
        // for CImaging, libtiff-dev.
        .target(name: "CLibrary"),
        .target(name: "CHDF5", dependencies: ["CLibrary"]),
        .target(name: "CCurl", dependencies: ["CLibrary"]),
        .target(name: "CMicroHTTPD", dependencies: ["CLibrary"]),

        .target(
            name: "CImaging", dependencies: ["CJPEG", "CPNG", "CLibrary"],
            linkerSettings: [.linkedLibrary("webpdemux"), .linkedLibrary("webp"), .linkedLibrary("gif")]),
        // simdjson (Debian: libsimdjson-dev) by name: SwiftPM warns of a flag in its pkg-config file at every build.
        .target(name: "CJSON", linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "CKernels"),

        .target(name: "Files", dependencies: ["CZip"]),
        .target(name: "Fingerprints", dependencies: ["CCrypto"]),
        .target(name: "Tensors", dependencies: ["CKernels", "COpenBLAS", "CLibrary"]),
        .target(name: "HDF5", dependencies: ["CHDF5"]),
        .target(name: "Imaging", dependencies: ["CImaging", "Files"]),
        .target(name: "Transfer", dependencies: ["CCurl", "CZip", "CCrypto", "Files", "Fingerprints"]),
        .target(name: "Serving", dependencies: ["CMicroHTTPD"]),
        .target(name: "Engine", dependencies: ["Fingerprints"]),
        .target(name: "Remote", dependencies: ["Engine", "Transfer", "Files", "CCurl", "CCrypto", "Fingerprints"]),
        .target(name: "Datasets", dependencies: ["Imaging", "Files", "Fingerprints", "CJSON", "CZip"]),
        .target(name: "Networks", dependencies: ["Tensors", "HDF5", "Files", "Fingerprints", "CKernels"]),
        .target(name: "Graphs", dependencies: ["Tensors", "CKernels", "CZip", "Files", "Fingerprints"]),
        .target(name: "LaViSE", dependencies: ["Tensors", "Fingerprints"]),
        // By the C compiler, in no time: `embedInCode` makes array literals, which take ten seconds to compile.
        .target(name: "CReportPage", exclude: ["report.css", "report.js", "serve.js"]),
        .target(name: "Reporting", dependencies: ["CReportPage", "Imaging", "Fingerprints"]),
        .target(
            name: "Pipeline",
            dependencies: [
                "Engine", "Transfer", "Remote", "Datasets", "Networks", "Graphs", "LaViSE", "Reporting", "Imaging",
                "HDF5", "Tensors",
                "Files", "Fingerprints",
            ]),
        .target(
            name: "Commands",
            dependencies: [
                "Pipeline", "Files", "Serving", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: plain),
        .executableTarget(name: "lavise-pipeline", dependencies: ["Commands"], linkerSettings: swiftLinkedIn),
        // Of `make bench`; the ordinary build leaves it out.
        .executableTarget(
            name: "lavise-bench",
            dependencies: [
                "Networks", "Graphs", "LaViSE", "Imaging", "HDF5", "Tensors", "Fingerprints", "Engine",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        .testTarget(
            name: "FingerprintsTests", dependencies: ["Fingerprints"], resources: [.copy("Fixtures")],
            swiftSettings: plain),
        .testTarget(name: "TensorsTests", dependencies: ["Tensors", "CKernels"], resources: [.copy("Fixtures")]),
        .testTarget(
            name: "GraphsTests",
            dependencies: ["Graphs", "Networks", "Tensors", "TestSupport", "Fingerprints", "CZip"],
            resources: [.copy("Fixtures")]),
        // Of scripts/check-models.
        .executableTarget(
            name: "graph-probe", dependencies: ["Graphs", "Networks", "Tensors"], path: "Tests/GraphProbe"),
        .testTarget(name: "HDF5Tests", dependencies: ["HDF5"], resources: [.copy("Fixtures")], swiftSettings: plain),
        .testTarget(name: "ImagingTests", dependencies: ["Imaging"], resources: [.copy("Fixtures")]),
        .testTarget(
            name: "TransferTests", dependencies: ["Transfer", "TestSupport", "transfer-probe", "CZip", "Files"],
            swiftSettings: plain),
        .target(
            name: "TestSupport",
            dependencies: ["Transfer", "Datasets", "CZip", "Files", "Fingerprints", "Imaging", "Engine"],
            path: "Tests/TestSupport"),
        .executableTarget(name: "transfer-probe", dependencies: ["TestSupport"], path: "Tests/TransferProbe"),
        .testTarget(
            name: "RemoteTests", dependencies: ["Remote", "Engine", "Transfer", "TestSupport", "Fingerprints"],
            swiftSettings: plain),
        .testTarget(
            name: "EngineTests", dependencies: ["Engine", "TestSupport"], resources: [.copy("Fixtures")],
            swiftSettings: plain),
        .testTarget(
            name: "DatasetsTests", dependencies: ["Datasets", "TestSupport", "Imaging", "Fingerprints"],
            resources: [.copy("Fixtures")], swiftSettings: plain),
        .testTarget(
            name: "NetworksTests", dependencies: ["Networks", "CKernels", "TestSupport", "Fingerprints"],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "LaViSETests", dependencies: ["LaViSE", "HDF5", "Tensors", "Fingerprints"],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "ReportingTests", dependencies: ["Reporting", "TestSupport", "Imaging", "Fingerprints"],
            resources: [.copy("Fixtures")], swiftSettings: plain),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "Commands", "Pipeline", "Remote", "TestSupport", "Datasets", "Graphs", "Tensors",
                "Transfer", "Fingerprints", "HDF5", "Imaging", "Reporting", "Engine", "Files",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            exclude: ["Fixtures"], swiftSettings: plain),
        .testTarget(
            name: "PipelineTests",
            dependencies: [
                "Pipeline", "LaViSE", "Reporting", "TestSupport", "Imaging", "Networks", "Graphs", "Tensors",
                "Engine",
                "HDF5", "Transfer", "Datasets", "Fingerprints",
            ],
            resources: [.copy("Fixtures")], swiftSettings: plain),
    ],
    cxxLanguageStandard: .cxx17
)
