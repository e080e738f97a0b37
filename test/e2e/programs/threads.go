// What: a Go program sees interfaces and addresses, by netlink of its library and in a namespace of its thread.
// Source: net.Interfaces, syscall.NetlinkRIB; setns(2).

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

func list(who string) {
	links, err := net.Interfaces()
	fmt.Println(who, len(links), err)
	for _, link := range links {
		addresses, err := link.Addrs()
		fmt.Println(" ", link.Name, link.MTU, link.Flags&net.FlagUp, len(addresses) > 0, err)
	}
	rib, err := syscall.NetlinkRIB(syscall.RTM_GETROUTE, syscall.AF_INET)
	messages, _ := syscall.ParseNetlinkMessage(rib)
	fmt.Println("  routes", len(messages) > 1, err)
}

func main() {
	list("first")
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		fmt.Println("unshare", syscall.Unshare(syscall.CLONE_NEWNET))
		list("thread")
		fmt.Println(exec.Command("ip", "link", "add", "t0", "type", "veth", "peer", "name", "t1").Run())
		list("thread after its child")
		text, err := os.ReadFile("/proc/sys/net/ipv4/conf/t0/forwarding")
		fmt.Printf("setting %q %v\n", text, err)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		fmt.Println("listens", err)
		_, err = net.Dial("tcp", "127.0.0.1:1")
		fmt.Println(err)
		if listener != nil {
			listener.Close()
		}
		done <- true
	}()
	<-done
	list("first again")
}
